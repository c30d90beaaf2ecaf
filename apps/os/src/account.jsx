// The menu behind one's own initial: who is signed in, and the ways out.

import { useState } from "preact/hooks";
import { write } from "./api.js";
import { Confirm, Face, sentence, useDeed } from "./ui.jsx";

async function leave(everywhere) {
  await write("session.end", { everywhere });
  location.assign("/");
}

export function Account({ user }) {
  const [asking, setAsking] = useState(false);
  const { busy, problem, run } = useDeed();
  return (
    <div class="account">
      <button class="facebutton" type="button" popovertarget="account" aria-label={`Account of ${user.name}`}>
        <Face name={user.name} round />
      </button>
      <div class="menu card" id="account" popover="auto">
        <p class="who"><strong>{user.name}</strong><span class="soft small">{user.owner ? "Owner of this cloud" : "Guest of this cloud"}</span></p>
        <a class="item" href="/account" onClick={(event) => event.currentTarget.closest("[popover]").hidePopover()}>
          Your account</a>
        {user.owner && <a class="item" href="/_fazt/settings">Settings</a>}
        <button class="item" type="button" disabled={busy} onClick={() => run(() => leave(false))}>Sign out</button>
        <button class="item" type="button" popovertarget="account" popovertargetaction="hide" onClick={() => setAsking(true)}>
          Sign out everywhere…
        </button>
        {problem && <p class="item" role="alert">{sentence(problem.message)}</p>}
      </div>
      {asking && (
        <Confirm title="Sign out everywhere?" verb="Sign out everywhere" deed={() => leave(true)} onClose={() => setAsking(false)}>
          <p>Every browser and phone on which you are signed in, this one too, will ask for your password again.</p>
        </Confirm>
      )}
    </div>
  );
}
