// The lines of a `.env` file, and where each of them goes.

import * as api from './api.js';
import { fill, h, settled } from './dom.js';
import { foundList } from './facts.js';
import { mapped, parse } from './dotenv.js';
import { selectField, valueField } from './fields.js';
import { counted } from './format.js';
import { lifetimeField } from './lifetime.js';
import { nameTrouble } from './names.js';
import { chip } from './pills.js';
import { note, trouble } from './say.js';
import { presets } from './words.js';

const CONFLICTS = [
  ['fail', 'Store nothing at all'],
  ['skip', 'Leave what is there'],
  ['overwrite', 'Give it the new value'],
];
const OUTCOMES = {
  created: ['good', 'new'],
  overwritten: ['warn', 'gets a new value'],
  skipped: ['plain', 'is left'],
  conflict: ['bad', 'is there already'],
};

/** Makes the part: `{node, form}`. */
export function envPart(context) {
  const text = valueField('Lines of a .env file', {
    lines: true,
    placeholder: 'OPENAI_API_KEY=…',
    help: 'A variable that a platform uses gets its name; any other keeps its own. Settings, such as PORT, are left out.',
  });
  const conflicts = selectField('Where a name is there already', CONFLICTS, { value: 'fail' });
  const lifetime = lifetimeField();
  const place = h('div', { class: 'stack-tight', 'aria-live': 'polite' });
  const state = { text, conflicts, lifetime, place, context, asked: 0 };
  const look = settled(() => foresee(state), 250);
  text.node.addEventListener('input', look);
  conflicts.input.addEventListener('change', look);
  const form = context.form([text.node, place, conflicts.node, lifetime.node], () => store(state));
  return { node: form, form };
}

function read({ text }) {
  const found = mapped(parse(text.value()), presets());
  const wrong = found.entries.find((one) => nameTrouble(one.name));
  if (wrong) throw Object.assign(new Error(`${wrong.name} cannot be a name.`), { hint: nameTrouble(wrong.name) });
  return found;
}

function body({ conflicts, context, lifetime }, found, dryRun) {
  const expiresAt = lifetime.read() ?? undefined;
  const entries = found.entries.map(({ name, value }) => ({ orgId: context.org(), name, value, expiresAt }));
  return { entries, onConflict: conflicts.input.value, dryRun };
}

// A dry run tells what is there already; it stores nothing. What is said of lines that have changed since is not shown.
async function foresee(state) {
  const { place } = state;
  state.asked += 1;
  const own = state.asked;
  try {
    const found = read(state);
    if (!found.entries.length)
      return void fill(
        place,
        found.notes.map((words) => h('p', { class: 'help' }, words)),
      );
    const plan = await api.post('/vault/import', body(state, found, true));
    if (own === state.asked) fill(place, lines(found, plan));
  } catch (error) {
    if (own === state.asked) fill(place, trouble(error));
  }
}

function lines(found, plan) {
  return [
    h('h3', null, `${counted(found.entries.length, 'secret')} found`),
    foundList(
      'What was found',
      found.entries.map((one, at) => line(one, plan.entries[at]?.outcome)),
    ),
    found.notes.map((words) => h('p', { class: 'help' }, words)),
    plan.conflicts > 0 &&
      note(
        'warn',
        `${counted(plan.conflicts, 'name')} taken already`,
        h('span', { class: 'hint' }, 'Say below what becomes of them.'),
      ),
  ];
}

function line({ variable, name, label }, outcome) {
  const [tone, words] = OUTCOMES[outcome] ?? ['plain', 'new'];
  return h(
    'li',
    null,
    h(
      'span',
      { class: 'grow' },
      h('span', { class: 'mono' }, variable),
      h('span', { class: 'under' }, 'stored as ', h('span', { class: 'mono' }, name)),
    ),
    label ? chip(label, 'accent') : chip('own name'),
    chip(words, tone),
  );
}

async function store(state) {
  const found = read(state);
  if (!found.entries.length) {
    const left = found.notes.length ? 'Every line is left out, as said below.' : 'There is no line with a value yet.';
    state.text.help(left, 'bad');
    return void state.text.input.focus();
  }
  const done = await api.post('/vault/import', body(state, found, false));
  return done.entries.filter((one) => one.outcome !== 'skipped').map((one) => one.name);
}
