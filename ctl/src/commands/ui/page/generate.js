// Random values, from the browser's own source.

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const DIGITS = '0123456789';
const ALPHABETS = {
  letters: LETTERS + DIGITS,
  symbols: `${LETTERS}${DIGITS}!#$%&()*+,-./:;<=>?@[]^_{|}~`,
  hex: `${DIGITS}abcdef`,
  digits: DIGITS,
};

/** Makes a value of 8 to 1,024 characters, each of them equally likely. */
export function generate(length, alphabet) {
  const characters = ALPHABETS[alphabet] ?? ALPHABETS.letters;
  const count = Math.min(1024, Math.max(8, Math.trunc(length) || 40));
  // Numbers beyond the last whole multiple would make the first characters likelier, so they are thrown away.
  const limit = 256 - (256 % characters.length);
  let value = '';
  while (value.length < count) {
    for (const byte of crypto.getRandomValues(new Uint8Array(count))) {
      if (byte < limit && value.length < count) value += characters[byte % characters.length];
    }
  }
  return value;
}
