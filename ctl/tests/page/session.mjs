// The link, the session, and who else gets nothing of them.

import { assert, calm, enter, go, held, holdings, newLink, scenario, still, store, visitor } from './support.mjs';

await scenario(async (browser) => {
  store([{ name: 'alpha', value: 'value-of-alpha' }]);
  const me = await enter(browser);
  const { page } = me;
  const token = new URL(me.link).hash.split('=')[1];

  // The token is nowhere any more: not in the address, not in the history, not in what the page keeps.
  assert.equal(new URL(page.url()).hash, '');
  assert.ok(!(await holdings(page)).includes(token));
  await go(page, 'Status');
  await page.goBack();
  await page.goBack().catch(() => null);
  assert.ok(!page.url().includes(token));

  // A reload keeps the session; another browser with the same link gets nothing.
  await page.goto(new URL('/#/agents', me.link).href);
  await page.reload();
  await page.getByRole('heading', { name: 'Agents', level: 1 }).waitFor();
  await refused(browser, me.link, 'This link has been used or has ended');
  await refused(browser, new URL('/', me.link).href, 'This tab has no session');
  await refused(browser, new URL('/#token=AAAA', await newLink()).href, 'This link has been used or has ended');

  // A new link in the same tab replaces the session of an older one.
  const next = await newLink();
  await page.goto(next);
  await page.getByRole('button', { name: 'alpha', exact: true }).waitFor();

  // Closing asks first, and ends it on both sides. A request that comes too late for the session does not change what is said.
  me.expect(/status of 401/);
  const late = await held(page, /\/vault\/status/, { answer: (route) => route.fulfill({ status: 401, json: {} }) });
  await page.evaluate(() => {
    location.hash = '#/status';
  });
  await late.asked;
  await page.getByRole('button', { name: 'Close dashboard' }).dispatchEvent('click');
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).dispatchEvent('click');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Close dashboard' }).dispatchEvent('click');
  await page.getByRole('dialog').getByRole('button', { name: 'Close', exact: true }).last().dispatchEvent('click');
  await page.getByRole('heading', { name: 'The dashboard is closed' }).waitFor();
  const refusal = page.waitForResponse((response) => response.status() === 401);
  late.release();
  await (await refusal).finished();
  await still(page);
  await page.getByRole('heading', { name: 'The dashboard is closed' }).waitFor();
  assert.equal(await page.evaluate(() => Object.keys(sessionStorage).filter((key) => key !== 'vault.theme').length), 0);
  calm(me);
});

async function refused(browser, link, words) {
  const other = await visitor(browser);
  other.expect(/status of 401/);
  const asked = [];
  other.page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await other.page.goto(link);
  await other.page.getByRole('heading', { name: words }).waitFor();
  assert.ok(!asked.some((path) => path.startsWith('/vault/')), 'it asked the vault');
  calm(other);
  await other.context.close();
}
