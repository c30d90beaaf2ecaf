// Which version serves, and the way back to the one before: the code alone, or the rows as well.

import { useState } from "preact/hooks";
import { write } from "./api.js";
import { bytes, Confirm, Moment, Section } from "./ui.jsx";

export function Versions({ app, reload }) {
  const [asking, setAsking] = useState(false);
  const way = app.previous || app.snapshot;
  return (
    <Section title="Versions">
      <p>{app.version ? `Version ${app.version}` : "A version without a number"} serves since <Moment at={app.installed} />.{" "}
        {!way && <span class="soft">There is none before it to go back to.</span>}</p>
      {way && <div><button class="button quiet" type="button" onClick={() => setAsking(true)}>Back to the previous version…</button></div>}
      {asking && <Back app={app} reload={reload} onClose={() => setAsking(false)} />}
    </Section>
  );
}

function Back({ app, reload, onClose }) {
  const [rows, setRows] = useState(!app.previous);
  const deed = async () => { await write("app.rollback", { app: app.name, data: rows }); await reload(); };
  return (
    <Confirm title={app.previous ? `Take ${app.title} back to the version before?` : `Take the rows of ${app.title} back?`}
      verb={rows ? "Go back, with its rows" : "Go back"} deed={deed} onClose={onClose}>
      <fieldset class="choices">
        <legend class="unseen">What goes back</legend>
        {app.previous && (
          <label><input type="radio" name="rows" checked={!rows} onChange={() => setRows(false)} />
            <span><strong>The code alone</strong><span class="soft small">What people have stored stays as it is now. Nothing is lost.</span>
              {app.migrated.length > 0 && <Migrated names={app.migrated} />}</span></label>
        )}
        {app.snapshot && (
          <label><input type="radio" name="rows" checked={rows} onChange={() => setRows(true)} />
            <span><strong>{app.previous ? "The code and the rows" : "The rows, as they were with this code"}</strong>
              <Cost snapshot={app.snapshot} /></span></label>
        )}
      </fieldset>
      {!app.snapshot && <p class="soft small">Its rows were not kept before the last upgrade, so they cannot go back.</p>}
    </Confirm>
  );
}

function Migrated({ names }) {
  return (
    <span class="small"><span class="badge warn">Careful</span> The rows went through {names.join(", ")}, which the version before
      does not know. It may not understand them.</span>
  );
}

const counted = (n, one, many) => (n === 1 ? `1 ${one}` : `${n} ${many}`);

function Cost({ snapshot: { created, rows, added, changed, bytes: size } }) {
  const lost = [added > 0 && `${counted(added, "row", "rows")} added since then`, changed > 0 && `what was changed in ${counted(changed, "row", "rows")}`];
  return (
    <>
      <span class="soft small">As they were on <Moment at={created} />: {counted(rows, "row", "rows")}, {bytes(size)}. What was deleted since comes back.</span>
      {added + changed > 0
        ? <span class="small"><span class="badge warn">Lost for good</span> {lost.filter(Boolean).join(", and ")}.</span>
        : <span class="soft small">No row was added or changed since then.</span>}
    </>
  );
}
