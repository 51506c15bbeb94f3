// The rule of names, so that a mistake shows while it is typed. The vault checks it again.

const PLATFORM = /^[a-z0-9._-]+$/;
const FIELD = /^[A-Za-z0-9._-]+$/;
const AGENT = /^[A-Za-z0-9._-]{1,64}$/;

/** Marks of direction, spaces without width and the like: with them a name reads as another one. */
export const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** Writes which character one is: `U+202E`. */
export const point = (char) => `U+${char.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}`;

/** Says what is wrong with a secret's name; an empty text where nothing is. */
export function nameTrouble(name) {
  const hidden = /[\p{Cf}\p{Zl}\p{Zp}]/u.exec(name);
  if (hidden) return `The character ${point(hidden[0])} cannot be seen. Leave it out.`;
  if (!plain(name)) return '1 to 256 bytes, no control characters, no space at either end.';
  if (!name.startsWith('skill:')) return '';
  const [platform, field] = name.slice('skill:'.length).split(/:(.*)/s);
  if (PLATFORM.test(platform) && (field === undefined || FIELD.test(field))) return '';
  return 'A name that begins with skill: is skill:<platform>:<field>, both of a-z, 0-9, ".", "_", "-", the field of A-Z too.';
}

/** Says what is wrong with an agent's name. */
export function agentTrouble(name) {
  return AGENT.test(name) ? '' : '1 to 64 of a-z, A-Z, 0-9, ".", "_", "-".';
}

/** Tells whether a text may name a secret or an organisation. */
export function plain(text) {
  const length = new TextEncoder().encode(text).length;
  return length > 0 && length <= 256 && !/\p{Cc}/u.test(text) && !/^\p{White_Space}|\p{White_Space}$/u.test(text);
}
