const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * Whether a request's `Host` header names this console. A page of somebody else can make its own name point to this
 * machine and ask from there; then the header has that name.
 */
export function isAllowedHost(header: string | undefined, names: readonly string[]): boolean {
  if (header === undefined) return false;
  const name = header.toLowerCase().replace(/:\d+$/, '');
  return loopback.test(name) || names.some((allowed) => allowed.toLowerCase() === name);
}
