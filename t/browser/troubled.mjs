// A proposal that failed when it was tried: the owner sees what came of it before they answer.
import { browse, done, fits, ok, shot, signIn, shown } from './tap.mjs';

const { LINK, OS } = process.env;
const page = await browse();
await signIn(page, LINK);
await page.goto(`${OS}/waiting`);
const proposal = page.locator('details.waits', { hasText: 'The title is larger.' });
await proposal.locator('summary').first().click();
const alert = proposal.getByRole('alert').filter({ hasText: 'It failed.' });
ok(await shown(alert), 'that it failed is said');
ok(/the title is too large/.test(await alert.textContent()), '… and what came of it');
for (const [name, width] of [['wide', 1280], ['phone', 390]]) {
  await page.setViewportSize({ width, height: 844 });
  await alert.scrollIntoViewIfNeeded();
  ok(await fits(page), `no sideways scrolling at ${width} px`);
  await shot(page, `troubled-${name}`);
}
await done();
