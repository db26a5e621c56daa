import type { ComponentChildren } from "preact";

export function Filters({ children }: { readonly children: ComponentChildren }) {
  return <div class="filters">{children}</div>;
}

interface FieldProps {
  readonly name: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
}

/** Text that is taken when it is whole: at Enter, or when the field is left. */
export function Field({ name, value, onValue }: FieldProps) {
  return (
    <label>
      {name}
      <input
        type="search"
        value={value}
        autocomplete="off"
        spellcheck={false}
        onChange={(event) => onValue(event.currentTarget.value.trim())}
      />
    </label>
  );
}

interface PickProps extends FieldProps {
  readonly choices: readonly string[];
}

export function Pick({ name, value, choices, onValue }: PickProps) {
  return (
    <label>
      {name}
      <select value={value} onChange={(event) => onValue(event.currentTarget.value)}>
        {choices.map((one) => (
          <option key={one} value={one}>
            {one === "" ? "all" : one}
          </option>
        ))}
      </select>
    </label>
  );
}
