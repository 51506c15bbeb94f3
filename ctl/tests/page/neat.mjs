// What stands side by side is in line, and nothing stands in front of what is to be read or pressed.

import { assert, calm, enter, go, scenario, still, store, told, vaultctl } from './support.mjs';

const WIDTHS = [
  [320, 640],
  [768, 1024],
  [1440, 900],
  [2560, 1300],
];

await scenario(async (browser) => {
  const me = await enter(browser, { permissions: ['clipboard-write'] });
  const { page } = me;
  me.expect(/status of 401/);
  await empty(page);
  store(Array.from({ length: 60 }, (_, n) => ({ name: `item ${n}`, value: 'v' })));
  await page.reload();
  for (const [width, height] of WIDTHS) {
    await page.setViewportSize({ width, height });
    await front(page);
    await inLine(page);
    await filled(page);
  }
  calm(me);
});

function boxes(page, selector) {
  return page.locator(selector).evaluateAll((all) => all.map((one) => one.getBoundingClientRect().toJSON()));
}

// The icon of a button in an empty place is the button's, in its size and colour.
async function empty(page) {
  const button = page.getByRole('button', { name: 'Add the first secret' });
  const [icon, words] = await button.evaluate((node) => {
    const { color, width } = getComputedStyle(node.querySelector('.icon'));
    return [{ color, width: parseFloat(width) }, getComputedStyle(node).color];
  });
  assert.equal(icon.color, words);
  assert.ok(icon.width <= 20, `${icon.width} pixels`);
}

// A message is in front of no row and no button of a list that is scrolled to its end, nor in front of a bar.
async function front(page) {
  await go(page, 'Secrets');
  await page.getByRole('button', { name: 'item 0', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Copy value' }).click();
  await told(page, 'Copied.');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.evaluate(() => {
    location.hash = '#token=AAAA';
  });
  await told(page, 'That link has been used or has ended.');
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  await still(page);
  const apart = (one, other) => one.bottom <= other.top || other.bottom <= one.top || one.right <= other.left;
  const [bar] = await boxes(page, '.note-bar');
  const messages = await boxes(page, '.toast');
  assert.ok(messages.length > 0);
  for (const one of messages) assert.ok(apart(bar, one), JSON.stringify([bar, one]));
  await page.getByRole('button', { name: 'Clear the clipboard now' }).click();
  await told(page, 'The clipboard is cleared.');
  const [last] = (await boxes(page, '.toast')).slice(-1);
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  for (const one of await boxes(page, 'tbody tr:last-child, .pager > *')) assert.ok(apart(one, last), JSON.stringify([one, last]));
}

// Fields of one row begin at one height, and so do the chips of a row.
async function inLine(page) {
  for (const view of ['Secrets', 'Audit log']) {
    await go(page, view);
    await still(page);
    for (const part of ['.field > :is(label, .label)', '.field :is(input, select, .picker-head)']) {
      const tops = (await boxes(page, `.filters ${part}`)).filter(({ width }) => width).map(({ top }) => top);
      const apart = tops.flatMap((one) => tops.map((other) => Math.abs(one - other)));
      assert.deepEqual(apart.filter((far) => far > 0.5 && far < 10), [], `${view}: ${part}`);
    }
    const wrapped = (all) => all.filter((one) => one.scrollHeight > one.clientHeight).map((one) => one.innerText);
    assert.deepEqual(await page.locator('.filters .toggle').evaluateAll(wrapped), []);
  }
  const middles = await page.locator('tbody tr').first().locator('.chip').evaluateAll((all) =>
    all.map((one) => one.getBoundingClientRect()).map(({ top, bottom }) => (top + bottom) / 2),
  );
  assert.ok(Math.abs(middles[0] - middles[1]) <= 0.5, `${middles}`);
}

// The cards of the status fill their rows, also while the vault is locked.
async function filled(page) {
  await go(page, 'Status');
  await page.locator('.cards .lines').first().waitFor();
  await withoutHoles(page);
  vaultctl(['lock']);
  await page.getByRole('heading', { name: 'Locked', exact: true }).waitFor();
  await withoutHoles(page);
  vaultctl(['unlock'], process.env.PAGE_KEY);
  await page.getByRole('heading', { name: 'Unlocked', exact: true }).waitFor();
}

async function withoutHoles(page) {
  await still(page);
  const [{ right }] = await boxes(page, '.cards');
  const cards = await boxes(page, '.cards > *');
  const last = cards.filter(({ top }, at) => cards[at + 1]?.top !== top);
  for (const one of last) assert.ok(Math.abs(one.right - right) < 1, JSON.stringify(cards));
}
