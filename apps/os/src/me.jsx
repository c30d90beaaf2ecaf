// One's own account: the password, where one is signed in, and for the owner the tokens of programs.

import { useState } from "preact/hooks";
import { useRead, write } from "./api.js";
import { Browsers } from "./browsers.jsx";
import { Title } from "./route.jsx";
import { Tokens } from "./tokens.jsx";
import { Command, Loaded, Section, Trouble, useDeed } from "./ui.jsx";

export function Me({ user }) {
  const session = useRead("session.show");
  return (
    <div class="stack">
      <Title>Your account</Title>
      <p class="soft">You are {user.name}, {user.owner ? "the owner" : "a guest"} of this cloud.</p>
      <Section title="Password">
        <Loaded of={session}>{(data) => <Password session={data} user={user} reload={session.reload} />}</Loaded>
      </Section>
      <Browsers />
      {user.owner && <Tokens />}
    </div>
  );
}

function Password({ session, user, reload }) {
  const [done, setDone] = useState(false);
  const [present, setPresent] = useState("");
  const [next, setNext] = useState("");
  const { busy, problem, run } = useDeed();
  const ask = session.password && !session.fresh;
  const submit = (event) => {
    event.preventDefault();
    setDone(false);
    run(async () => {
      await write("session.password", { password: next, ...(ask && { present }) });
      setPresent("");
      setNext("");
      setDone(true);
      await reload();
    });
  };
  if (!session.password && !session.fresh) return <Stale owner={user.owner} />;
  return (
    <form class="stack" onSubmit={submit}>
      <p class="soft">{session.password ? "A new one signs you out everywhere but here."
        : "You have none yet. With one you can sign in without a link."}</p>
      <input type="text" name="name" value={user.name} autocomplete="username" hidden />
      {ask && <Field id="present" label="Present password" autocomplete="current-password" value={present} onInput={setPresent} />}
      <Field id="next" label="New password" hint="At least 10 characters." autocomplete="new-password" minLength={10} value={next} onInput={setNext} />
      {problem && <Trouble problem={problem} />}
      {done && <p class="notice" role="status">Your password is set. You are signed out everywhere else.</p>}
      <div><button class="button" disabled={busy || !next || (ask && !present)}>Set the password</button></div>
    </form>
  );
}

function Field({ id, label, hint, onInput, ...rest }) {
  return (
    <div>
      <label class="label" for={id}>{label}</label>
      <input class="input" id={id} name={id} type="password" required maxLength={1024} aria-describedby={hint && `${id}-hint`}
        onInput={(event) => onInput(event.target.value)} {...rest} />
      {hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}

function Stale({ owner }) {
  return (
    <>
      <p>You have no password yet. To choose one, sign in with a fresh link first, and come back here within ten minutes.</p>
      {owner ? <Command>fazt-admin login-link</Command> : <p class="soft">The owner of this cloud can make one for you.</p>}
    </>
  );
}
