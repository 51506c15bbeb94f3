// How the vault is: `unlocked`, `locked`, `slow` or `gone`, as the one stream of the session says. Every view looks here.

const listeners = new Set();
let now = null;
let lasting = null;
let tell;
const first = new Promise((done) => {
  tell = done;
});

/** Returns how the vault is; null before the first word of it. */
export const present = () => now;

/** Returns how it is or, while it is slow, how it was before that. */
export const vault = () => lasting;

/** Waits for the first word of it. */
export const known = () => first;

/** Calls a function now and whenever it changes; returns one that ends it. */
export function follow(listener) {
  listeners.add(listener);
  listener(now);
  return () => listeners.delete(listener);
}

/** Notes how it is. */
export function set(next) {
  if (next === now) return;
  now = next;
  if (next !== 'slow') lasting = next;
  tell();
  for (const listener of listeners) listener(now);
}
