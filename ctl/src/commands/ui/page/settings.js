// Which variables of a `.env` file hold settings, by the rule of `vaultctl import dotenv`: they are no secrets.

/** Words of names that hold secrets whatever the value looks like. */
export const SECRET = [
  'KEY', 'SECRET', 'TOKEN', 'PASS', 'PWD', 'PIN', 'AUTH', 'CRED', 'PRIVATE', 'SALT', 'SIGN', 'CODE',
];
/** Names of settings, as frameworks and systems read them. */
export const SETTINGS = [
  'NODE_ENV', 'APP_ENV', 'ENV', 'ENVIRONMENT', 'RAILS_ENV', 'RACK_ENV', 'FLASK_ENV', 'FLASK_APP',
  'DJANGO_SETTINGS_MODULE', 'MIX_ENV', 'GO_ENV', 'PORT', 'HOST', 'HOSTNAME', 'TZ', 'LANG', 'LC_ALL', 'DEBUG',
  'LOG_LEVEL', 'RUST_LOG',
];
/** Beginnings of names that bundlers build into pages. */
export const PUBLIC = [
  'NEXT_PUBLIC_', 'VITE_', 'REACT_APP_', 'PUBLIC_', 'EXPO_PUBLIC_', 'NUXT_PUBLIC_', 'GATSBY_', 'VUE_APP_',
  'STORYBOOK_',
];
/** Ends of names that have a number for a setting. */
export const NUMBERS = [
  'PORT', 'TIMEOUT', 'LIMIT', 'SIZE', 'COUNT', 'INTERVAL', 'TTL', 'MAX', 'MIN', 'WORKERS', 'THREADS',
  'RETRIES', 'DAYS', 'HOURS', 'MINUTES', 'SECONDS', 'MS', 'LEVEL', 'VERSION', 'RATE', 'CONCURRENCY',
  'CONNECTIONS',
];
/** What switches something on or off. */
export const SWITCHES = ['true', 'false', 'yes', 'no', 'on', 'off', 'null', 'none', 'undefined'];

const NUMBER = /^[+-]?(?:\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?|inf|infinity|nan)$/i;

/** Says why a variable holds a setting; empty if it may hold a secret. */
export function setting(variable, value, presets) {
  const name = variable.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
  const known = presets.flatMap((one) => one.fields).find((field) => field.env.includes(variable));
  if (known) return known.secret ? '' : 'its preset says that it is no secret';
  if (PUBLIC.some((begins) => name.startsWith(begins))) return 'bundlers build it into pages that everybody may read';
  if (SETTINGS.includes(name) && !value.includes('@')) return 'by its name';
  if (SECRET.some((word) => name.includes(word))) return '';
  const trimmed = value.trim();
  if (SWITCHES.includes(trimmed.toLowerCase())) return 'it switches something on or off';
  if (NUMBER.test(trimmed) && NUMBERS.some((ends) => name.endsWith(ends))) return 'a number, by its name';
  return isLocal(trimmed) ? 'an address on this machine, without a password' : '';
}

function isLocal(value) {
  const scheme = value.indexOf('://');
  const address = scheme < 0 ? value : value.slice(scheme + 3);
  return ['localhost', '127.0.0.1', '0.0.0.0'].includes(address.split(/[/:?]/)[0]) && !/[@?]/.test(address);
}
