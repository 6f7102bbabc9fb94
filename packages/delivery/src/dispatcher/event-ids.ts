/** Makes ids that no other process makes: a random part of this maker, and a number. */
export function eventIds(): () => string {
  const maker = globalThis.crypto.randomUUID().replaceAll('-', '');
  let made = 0;
  return () => `${maker}-${(made += 1).toString(36)}`;
}
