// One secret of any name.

import * as api from './api.js';
import { generatorFields, selectField, textField, valueField } from './fields.js';
import { lifetimeField } from './lifetime.js';
import { nameTrouble } from './names.js';
import { pairRows } from './pairs.js';
import { categories, presetOf, skill } from './words.js';

const NAMED = 'As you call it, or skill:<platform>:<field> for agents to find.';

/** Makes the part: `{node, form}`. */
export function customPart(context) {
  const name = textField('Name', { required: true, placeholder: 'backup passphrase', help: NAMED });
  const value = valueField('Value', { required: true, placeholder: 'Typed or pasted; hidden' });
  const category = selectField('Category', [['', 'By its name'], ...categories().map((one) => [one.id, one.label])]);
  const lifetime = lifetimeField();
  const pairs = pairRows();
  name.input.addEventListener('input', () => check(name, category));
  value.node.addEventListener('input', () => value.help(''));
  const fields = { name, value, category, lifetime, pairs };
  const nodes = [name.node, value.node, generatorFields(() => value), category.node, lifetime.node, pairs.node];
  const form = context.form(nodes, () => store(fields, context.org()));
  return { node: form, form };
}

function check(name, category) {
  const wrong = nameTrouble(name.input.value);
  name.help(wrong || NAMED, wrong ? 'bad' : '');
  const preset = presetOf(skill(name.input.value)?.platform);
  const usual = preset?.category ?? (skill(name.input.value) ? 'skill_credential' : 'custom');
  category.input.options[0].textContent = `By its name: ${categories().find((one) => one.id === usual)?.label ?? usual}`;
}

async function store({ name, value, category, lifetime, pairs }, orgId) {
  const wrong = nameTrouble(name.input.value);
  if (wrong) {
    name.help(wrong, 'bad');
    return void name.input.focus();
  }
  if (!value.value()) {
    value.help('A value is needed.', 'bad');
    return void value.input.focus();
  }
  const body = { orgId, name: name.input.value, value: value.value(), metadata: pairs.read() };
  const expiresAt = lifetime.read();
  if (category.input.value) body.category = category.input.value;
  if (expiresAt) body.expiresAt = expiresAt;
  await api.post('/vault/secrets', body);
  return [body.name];
}
