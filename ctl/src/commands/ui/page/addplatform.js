// A platform's fields, stored together or not at all.

import * as api from './api.js';
import { combo } from './combo.js';
import { h } from './dom.js';
import { textField, valueField } from './fields.js';
import { lifetimeField } from './lifetime.js';
import { categoryPill } from './pills.js';
import { presets } from './words.js';

/** Makes the part: `{node, store}`; `store` gives the names that were stored, or nothing where a field is wrong. */
export function platformPart(context) {
  const place = h('div', { class: 'stack' });
  const state = { preset: null, made: new Map() };
  const chooser = combo('Platform', presets().map(choice), (platform) => choose(state, place, platform));
  chooser.input.setAttribute('autofocus', '');
  return { node: [chooser.node, place], store: () => store(state, chooser, context.org()) };
}

function choice(preset) {
  const terms = [preset.platform, preset.label, ...preset.aliases].join(' ').toLowerCase();
  return { value: preset.platform, words: preset.label, more: preset.fields.map((one) => one.label).join(', '), terms };
}

// What was typed for a platform stays, out of sight, until that platform is chosen again or the dialog is closed.
function choose(state, place, platform) {
  state.preset = presets().find((one) => one.platform === platform) ?? null;
  if (state.preset && !state.made.has(platform)) {
    state.made.set(platform, partOf(state.preset));
    place.append(state.made.get(platform).node);
  }
  for (const [of, { node }] of state.made) node.hidden = of !== platform;
  state.made.get(platform)?.fields[0]?.made.input.focus();
}

function partOf(preset) {
  const fields = preset.fields.map((one) => ({ one, made: fieldOf(one) }));
  const lifetime = lifetimeField();
  const about = h(
    'div',
    { class: 'buttons' },
    categoryPill(preset.category),
    h('span', { class: 'muted small' }, `stored as skill:${preset.platform}:…`),
  );
  const node = h(
    'div',
    { class: 'stack' },
    about,
    fields.map(({ made }) => made.node),
    lifetime.node,
  );
  return { node, fields, lifetime };
}

function fieldOf(one) {
  const usual = one.env.length ? `${one.field}, usually in ${one.env[0]}` : one.field;
  const options = { placeholder: one.placeholder, required: !one.optional, optional: one.optional, help: usual };
  const made = one.secret ? valueField(one.label, options) : textField(one.label, options);
  const pattern = one.pattern && new RegExp(one.pattern, 'u');
  const value = () => made.input.value;
  made.node.addEventListener('input', () => {
    const odd = pattern && value() && !pattern.test(value());
    made.help(
      odd
        ? `It does not have the usual form of this field (${one.placeholder}). It can be stored all the same.`
        : usual,
      odd ? 'warn' : '',
    );
  });
  return made;
}

async function store({ preset, made }, chooser, orgId) {
  if (!preset) return void chooser.refuse('Choose a platform from the list.');
  const { fields, lifetime } = made.get(preset.platform);
  const missing = fields.filter(({ one, made }) => !one.optional && !made.input.value);
  missing.forEach(({ made }) => made.help('This is needed.', 'bad'));
  if (missing.length) return void missing[0].made.input.focus();
  const given = fields.filter(({ made }) => made.input.value).map(({ one, made }) => [one.field, made.input.value]);
  const expiresAt = lifetime.read();
  const names = given.map(([field]) => `skill:${preset.platform}:${field}`);
  if (expiresAt) {
    const entries = given.map(([, value], at) => ({ orgId, name: names[at], value, expiresAt }));
    await api.post('/vault/import', { entries });
  } else {
    await api.post(`/vault/platforms/${encodeURIComponent(preset.platform)}`, {
      orgId,
      fields: Object.fromEntries(given),
    });
  }
  return names;
}
