// A proposal with a file that is not shown: it is said yes to by itself, and no yes goes without.
import { browse, done, fits, is, ok, pressArmed, shot, signIn, shown } from './tap.mjs';

const { LINK, OS } = process.env;
const page = await browse({ size: 'narrow' });
await signIn(page, LINK);
await page.goto(`${OS}/waiting`);
const proposal = page.locator('details.waits', { hasText: 'A long book.' });
await proposal.locator('summary').first().click();
const box = proposal.getByRole('checkbox', { name: /without having seen what is in it: public\/book\.txt/ });
ok(await shown(box), 'what is not shown has a box to tick, with its name');
is(await proposal.getByText(/public\/note\.txt/).count() > 0 && !(await box.locator('xpath=..').textContent()).includes('note.txt'), true, '… and what is shown has none');
const yes = proposal.getByRole('button', { name: 'Upgrade' });
await yes.scrollIntoViewIfNeeded();
await page.waitForTimeout(900);
is(await yes.getAttribute('aria-disabled'), 'true', 'no yes without it');
ok(await fits(page), 'no sideways scrolling at 390 px');
await shot(page, 'unseen-phone');
await box.focus();
await page.keyboard.press('Space');
await pressArmed(yes);
ok(await shown(page.getByText('Blog has its new version.')), 'with it, the yes is taken');
await done();
