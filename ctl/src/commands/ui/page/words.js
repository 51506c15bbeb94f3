// What the page knows by heart, and what it asks the vault for once: presets and categories.

import * as api from './api.js';

/** Every action of the audit log, with the tone of its pill. */
export const ACTIONS = {
  create: 'good',
  encrypt: 'accent',
  read: 'plain',
  decrypt: 'warn',
  rotate: 'accent',
  delete: 'bad',
  migrate: 'accent',
  lock: 'plain',
  unlock: 'plain',
  rekey: 'accent',
  grant: 'good',
  revoke: 'bad',
  backup: 'plain',
  export: 'warn',
  audit: 'plain',
  metrics: 'plain',
};

/** Every outcome, with its tone and its words. */
export const OUTCOMES = { ok: ['good', 'OK'], denied: ['bad', 'Denied'], failed: ['warn', 'Failed'] };

/** What an agent may be allowed to do, with what that means. */
export const GRANTABLE = {
  create: 'store new secrets',
  encrypt: 'change values and metadata',
  read: 'look at metadata',
  decrypt: 'read values',
  rotate: 're-encrypt',
  delete: 'remove',
};

let loading = null;
let known = { presets: [], categories: [] };

/** Loads presets and categories, once. */
export async function load() {
  loading ??= api.get('/vault/presets').then((loaded) => {
    known = loaded;
  });
  try {
    await loading;
  } catch (error) {
    loading = null;
    throw error;
  }
}

/** Lists the presets. */
export const presets = () => known.presets;
/** Lists the categories. */
export const categories = () => known.categories;

/** Finds a category; one that is not known yet is shown by its id. */
export function category(id) {
  return known.categories.find((one) => one.id === id) ?? { id, label: id.replaceAll('_', ' '), color: '#4b5563' };
}

/** Finds the preset of a platform, by its name or an alias. */
export function presetOf(platform) {
  return known.presets.find((one) => one.platform === platform || one.aliases.includes(platform));
}

const snake = (name) => name.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`);

/** Finds the field of a preset that a stored field's name means. */
export function meantField(preset, name) {
  return preset.fields.find((one) => [one.field, ...(one.aliases ?? [])].includes(snake(name)));
}

/** Splits `skill:<platform>:<field>`; null for any other name. */
export function skill(name) {
  if (!name?.startsWith('skill:')) return null;
  const [platform, field = ''] = name.slice('skill:'.length).split(/:(.*)/s);
  return { platform, field };
}

/** Names the platform of a secret as people do. */
export function platformLabel(name) {
  const parts = skill(name);
  return parts && (presetOf(parts.platform)?.label ?? parts.platform);
}
