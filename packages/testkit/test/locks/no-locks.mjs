// A module whose locks cannot be made.
export function makeLocks() {
  throw new Error('no server to talk to');
}
