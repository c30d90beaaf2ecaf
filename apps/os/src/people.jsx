// Who has an account here. Links that let someone in are shown once, to be handed on by the owner.

import { useState } from "preact/hooks";
import { useRead, write } from "./api.js";
import { Title } from "./route.jsx";
import { Confirm, Dialog, Face, LinkToHandOn, Loaded, Moment, Trouble, useDeed } from "./ui.jsx";

const roles = { owner: "Owner", admin: "Admin", member: "Member" };

export function People() {
  const people = useRead("user.list");
  const [link, setLink] = useState(null);
  const hand = async (answer) => { await people.reload(); setLink(answer); };
  return (
    <div class="stack">
      <Title>People</Title>
      <p class="soft">Everyone here can open the apps that are open to members. Nobody sees another person’s rows
        unless that person shares them.</p>
      <Invite onLink={hand} />
      <Loaded of={people}>{(list) => (
        <ul class="people card">{list.map((person) => <Person key={person.name} person={person} onLink={hand} reload={people.reload} />)}</ul>
      )}</Loaded>
      {link && (
        <Dialog title={`A link for ${link.name}`} onClose={() => setLink(null)}>
          <p>Send it to {link.name}, by a way you trust. It works once, for whoever opens it first,
            until <Moment at={link.expires} />, and is not shown again.</p>
          <LinkToHandOn link={link.link} />
          <div class="row end"><button class="button quiet" type="button" onClick={() => setLink(null)}>Done</button></div>
        </Dialog>
      )}
    </div>
  );
}

function Invite({ onLink }) {
  const [name, setName] = useState("");
  const { busy, problem, run } = useDeed();
  const submit = (event) => {
    event.preventDefault();
    run(async () => { await onLink(await write("user.add", { user: name.trim() })); setName(""); });
  };
  return (
    <form onSubmit={submit} class="stack">
      <div>
        <label class="label" for="invite">Invite someone</label>
        <div class="linkrow">
          <input class="input" id="invite" required maxLength={64} autoComplete="off" autoCapitalize="none" placeholder="Name or e-mail"
            value={name} onInput={(event) => setName(event.target.value)} />
          <button class="button" disabled={busy || !name.trim()}>Make a link</button>
        </div>
      </div>
      {problem && <Trouble problem={problem} />}
    </form>
  );
}

function Person({ person, onLink, reload }) {
  const [asking, setAsking] = useState(null);
  const { busy, problem, run } = useDeed();
  const { name, role, pending } = person;
  const setRole = (event) => run(async () => { await write("user.role", { user: name, role: event.target.value }); await reload(); });
  return (
    <li class="person">
      <Face name={name} round />
      <span class="name">{name} {pending && role !== "owner" && <span class="badge grey">Invited</span>}</span>
      {role === "owner" ? <span class="soft">{roles.owner}</span> : (
        <span class="row">
          <select class="input small" aria-label={`Role of ${name}`} value={role} disabled={busy} onChange={setRole}>
            <option value="member">{roles.member}</option>
            <option value="admin">{roles.admin}</option>
          </select>
          {pending
            ? <button class="button small quiet" type="button" disabled={busy}
                onClick={() => run(async () => onLink(await write("user.invite", { user: name })))}>New link</button>
            : <button class="button small quiet" type="button" onClick={() => setAsking("reset")}>Reset…</button>}
          <button class="button small danger quiet" type="button" onClick={() => setAsking("remove")} aria-label={`Remove ${name}`}>Remove…</button>
        </span>
      )}
      {problem && <Trouble problem={problem} />}
      {asking === "reset" && (
        <Confirm title={`A new password for ${name}?`} verb="Sign out and make a link" danger={false} onClose={() => setAsking(null)}
          deed={async () => onLink(await write("user.reset", { user: name }))}>
          <p>{name} is signed out everywhere. You get a link, once, with which {name} chooses a new password.</p>
        </Confirm>
      )}
      {asking === "remove" && (
        <Confirm title={`Remove ${name}?`} verb="Remove" onClose={() => setAsking(null)}
          deed={async () => { await write("user.remove", { user: name }); await reload(); }}>
          <p>{name} can no longer sign in. What {name} has stored stays with the apps, out of everyone’s reach.</p>
        </Confirm>
      )}
    </li>
  );
}
