// The first step of an installation: where the app comes from. Fetching it installs nothing.

import { useState } from "preact/hooks";
import { write } from "./api.js";
import { go, Title } from "./route.jsx";
import { Trouble, useDeed } from "./ui.jsx";

export function Add() {
  const [source, setSource] = useState("");
  const { busy, problem, run } = useDeed();
  const submit = (event) => {
    event.preventDefault();
    run(async () => go(`/add/${(await write("app.fetch", { source: source.trim() })).id}`));
  };
  return (
    <form class="stack" onSubmit={submit}>
      <Title>Add an app</Title>
      <p class="soft">An app is a Git repository with a file named app.json. Paste its address, as it stands in the
        browser’s address bar. You will see what the app asks for before anything is installed.</p>
      <div>
        <label class="label" for="source">Git address</label>
        <input class="input" id="source" name="source" type="url" inputMode="url" required autoComplete="off" spellcheck={false}
          placeholder="https://…" value={source} onInput={(event) => setSource(event.target.value)} autofocus />
        <p class="hint">A tag or a branch may follow after an @, for example @v1.2.</p>
      </div>
      {problem && <Trouble problem={problem} />}
      <div class="row">
        <button class="button" disabled={busy || !source.trim()}>{busy ? "Fetching…" : "Have a look"}</button>
        <a class="button quiet" href="/">Cancel</a>
      </div>
    </form>
  );
}
