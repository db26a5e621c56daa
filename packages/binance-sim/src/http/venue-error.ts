/** An answer of the venue with its own error code (`{"code":-1121,"msg":"Invalid symbol."}`). */
export class VenueError extends Error {
  override readonly name = "VenueError";
  readonly venueCode: number;
  readonly status: number;

  constructor(venueCode: number, message: string, status = 400) {
    super(message);
    this.venueCode = venueCode;
    this.status = status;
  }
}
