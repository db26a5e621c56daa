// The part of the WebAssembly interface that is used here: neither the ECMAScript library nor Node's types declare it.
declare global {
  namespace WebAssembly {
    class Memory {
      constructor(descriptor: {
        readonly initial: number;
        readonly maximum: number;
        readonly shared: boolean;
      });
      readonly buffer: ArrayBuffer | SharedArrayBuffer;
    }
    class Module {
      constructor(bytes: Uint8Array);
    }
    class Instance {
      constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, Memory>>>>);
      readonly exports: Readonly<Record<string, unknown>>;
    }
  }
}

export {};
