// What programs elsewhere sign in with. They are made in the shell alone, where they are shown once.

import { useState } from "preact/hooks";
import { useRead, write } from "./api.js";
import { Command, Confirm, Loaded, Moment, Section } from "./ui.jsx";

export function Tokens() {
  const tokens = useRead("token.list");
  return (
    <Section title="Tokens of programs">
      <p class="soft">With a token <code>fazt-admin --url</code> looks after apps from another machine. It can decide nothing in your
        place, and a new password does not end it.</p>
      <Loaded of={tokens}>{(list) => list.length > 0 && (
        <ul class="plain">{list.map((token) => <Token key={token.name} token={token} reload={tokens.reload} />)}</ul>
      )}</Loaded>
      <div><p>Make one on the server; it is shown there, once:</p><Command>fazt-admin token add NAME --app APP</Command></div>
    </Section>
  );
}

function Token({ token: { name, app, expired, expires, seen }, reload }) {
  const [asking, setAsking] = useState(false);
  const remove = async () => { await write("token.remove", { name }); await reload(); };
  return (
    <li class="line">
      <span><strong>{name}</strong> {expired && <span class="badge grey">Expired</span>}
        <span class="soft small">For {app ?? "every app"}. {seen ? <>Last used <Moment at={seen} />.</> : "Never used."} {!expired && <>Until <Moment at={expires} />.</>}</span></span>
      <button class="button small danger quiet" type="button" aria-label={`Remove ${name}`} onClick={() => setAsking(true)}>Remove…</button>
      {asking && (
        <Confirm title={`End the token ${name}?`} verb="End it" deed={remove} onClose={() => setAsking(false)}>
          <p>The program that uses it can do nothing here any more, from now on.</p>
        </Confirm>
      )}
    </li>
  );
}
