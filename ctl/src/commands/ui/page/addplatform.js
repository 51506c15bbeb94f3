// A platform's fields, stored together or not at all; of one that is stored in part, what is missing or is to be replaced.

import * as api from './api.js';
import { combo } from './combo.js';
import { button, fill, h } from './dom.js';
import { textField, valueField } from './fields.js';
import { lifetimeField } from './lifetime.js';
import { plain } from './names.js';
import { categoryPill, chip } from './pills.js';
import { meantField, presetOf, presets } from './words.js';

/** Makes the part: `{node, form}`. */
export function platformPart(context) {
  const place = h('div', { class: 'stack' });
  // A browser takes the secret fields of one form for those of one account, so each field has a form of its own.
  const formed = (node) => context.form(node, () => store(state, chooser, context.org()));
  const state = { preset: null, made: new Map(), stored: new Map(), formed };
  const chooser = combo({
    label: 'Platform',
    placeholder: `Search ${presets().length} platforms`,
    choices: presets().map(choice),
    instead: () => 'No platform has this name; store it as a custom secret.',
    chosen: (platform) => choose(state, place, platform),
  });
  chooser.input.setAttribute('autofocus', '');
  const look = () => plain(context.org()) && discover(state, chooser, context.org());
  context.changed(look);
  look();
  const form = formed(chooser.node);
  return { node: [form, place], form };
}

function choice(preset) {
  const terms = [preset.platform, preset.label, ...preset.aliases].join(' ').toLowerCase();
  return { value: preset.platform, words: preset.label, terms };
}

/** Reads what of each platform is stored: `platform → field → name`. Without it everything is offered all the same. */
async function discover(state, chooser, orgId) {
  const { platforms } = await api.get('/vault/discover', { query: { orgId } }).catch(() => ({ platforms: [] }));
  state.stored = new Map();
  for (const { platform, fields } of platforms) {
    const preset = presetOf(platform);
    const known = state.stored.get(preset?.platform) ?? new Map();
    for (const { field, name } of fields) known.set(preset && meantField(preset, field)?.field, name);
    state.stored.set(preset?.platform, known);
  }
  chooser.mark((platform) => state.stored.has(platform));
  for (const [platform, part] of state.made) part.know(state.stored.get(platform) ?? new Map());
}

// What was typed for a platform stays, out of sight, until that platform is chosen again or the dialog is closed.
function choose(state, place, platform) {
  state.preset = presets().find((one) => one.platform === platform) ?? null;
  if (state.preset && !state.made.has(platform)) {
    const part = partOf(state.preset, state.formed);
    part.know(state.stored.get(platform) ?? new Map());
    state.made.set(platform, part);
    place.append(part.node);
  }
  for (const [of, { node }] of state.made) node.hidden = of !== platform;
  state.made.get(platform)?.focus();
}

function partOf(preset, formed) {
  const fields = preset.fields.map(storable);
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
    fields.map(({ node }) => formed(node)),
    formed(lifetime.node),
  );
  const know = (stored) => fields.forEach((field) => field.know(stored.get(field.one.field)));
  const focus = () => (fields.find((field) => field.isAsked()) ?? fields[0])?.focus();
  return { node, fields, lifetime, know, focus };
}

/** A field that may be stored already: then it is left as it is, unless its replacement is asked for. */
function storable(one) {
  const made = fieldOf(one);
  const there = h('div', { class: 'panel there', hidden: true });
  const state = { name: null, replaced: false };
  const show = () => {
    made.node.hidden = state.name !== null && !state.replaced;
    there.hidden = !made.node.hidden;
  };
  const replace = button('Replace', () => {
    state.replaced = true;
    show();
    made.input.focus();
  });
  replace.setAttribute('aria-label', `Replace ${one.label}`);
  fill(there, h('span', { class: 'grow' }, one.label), chip('stored', 'good'), replace);
  const know = (name = null) => {
    state.name = name;
    show();
  };
  const isAsked = () => !made.node.hidden;
  const focus = () => (isAsked() ? made.input : replace).focus();
  return { one, made, state, know, isAsked, focus, node: h('div', null, there, made.node) };
}

function fieldOf(one) {
  const usual = one.env.length ? `${one.field}, usually in ${one.env[0]}` : one.field;
  const options = { placeholder: one.placeholder, required: !one.optional, optional: one.optional, help: usual };
  const made = one.secret ? valueField(one.label, options) : textField(one.label, options);
  // An example may be longer than its field, as a value may.
  made.input.setAttribute('data-example', '');
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

/** Stores what was typed, and returns the names; nothing where a field is wrong. */
async function store({ preset, made }, chooser, orgId) {
  if (!preset) return void chooser.refuse('Choose a platform from the list.');
  const { fields, lifetime, focus } = made.get(preset.platform);
  const asked = fields.filter((field) => field.isAsked());
  const missing = asked.filter(({ one, state, made }) => (state.replaced || !one.optional) && !made.input.value);
  missing.forEach(({ made }) => made.help('This is needed.', 'bad'));
  if (missing.length) return void missing[0].made.input.focus();
  const given = asked.filter(({ made }) => made.input.value);
  if (!given.length) return void focus();
  return send(preset, given, { orgId, expiresAt: lifetime.read() });
}

async function send(preset, given, { orgId, expiresAt }) {
  const entries = given.map(({ one, state, made }) => ({
    orgId,
    name: state.name ?? `skill:${preset.platform}:${one.field}`,
    value: made.input.value,
    expiresAt: expiresAt ?? undefined,
  }));
  const replaces = given.some(({ state }) => state.name);
  if (expiresAt || replaces) {
    await api.post('/vault/import', { entries, onConflict: replaces ? 'overwrite' : 'fail' });
  } else {
    const fields = Object.fromEntries(given.map(({ one, made }) => [one.field, made.input.value]));
    await api.post(`/vault/platforms/${encodeURIComponent(preset.platform)}`, { orgId, fields });
  }
  return entries.map(({ name }) => name);
}
