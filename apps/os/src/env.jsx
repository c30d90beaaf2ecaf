// What an app wants to be told. A secret is written here and never read back.

import { useState } from "preact/hooks";
import { useRead, write } from "./api.js";
import { Confirm, Loaded, Section, Trouble, useDeed } from "./ui.jsx";

export function Settings({ app }) {
  const list = useRead("app.env-list", { app });
  if (list.data?.length === 0) return null;
  return (
    <Section title="What it wants to be told">
      <Loaded of={list}>{(entries) => entries.map((entry) => <Setting key={entry.name} app={app} entry={entry} reload={list.reload} />)}</Loaded>
    </Section>
  );
}

function Setting({ app, entry, reload }) {
  const { name, description, required, secret, set } = entry;
  const [value, setValue] = useState(entry.value ?? "");
  const [asking, setAsking] = useState(false);
  const { busy, problem, run } = useDeed();
  const save = (event) => {
    event.preventDefault();
    run(async () => { await write("app.env-set", { app, name, value }); if (secret) setValue(""); await reload(); });
  };
  const forget = async () => { await write("app.env-unset", { app, name }); setValue(""); await reload(); };
  return (
    <form onSubmit={save}>
      <label class="label" for={`env-${name}`}>{name} {!set && required && <span class="badge warn">Needed</span>}{set && <span class="badge">Told</span>}</label>
      <div class={set ? "linkrow told" : "linkrow"}>
        <input class="input" id={`env-${name}`} type={secret ? "password" : "text"} autocomplete="off" value={value} aria-describedby={`about-${name}`}
          placeholder={set && secret ? "Another value instead" : ""} onInput={(event) => setValue(event.target.value)} />
        <button class="button" type="submit" disabled={busy || !value || value === entry.value}>Save</button>
        {set && <button class="button quiet" type="button" disabled={busy} aria-label={`Forget ${name}`} onClick={() => setAsking(true)}>Forget</button>}
      </div>
      <p class="hint" id={`about-${name}`}>{description} {secret && "A secret: it is never shown again."}</p>
      {problem && <Trouble problem={problem} />}
      {asking && (
        <Confirm title={`Forget ${name}?`} verb="Forget it" deed={forget} onClose={() => setAsking(false)}>
          <p>The app is not told any more, from its next request on.{required && " It says that it needs this to work."}</p>
        </Confirm>
      )}
    </form>
  );
}
