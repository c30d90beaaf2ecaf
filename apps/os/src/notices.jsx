// What the owner should know, above everything else until it was seen.

import { useRead, write } from "./api.js";
import { Moment, useDeed } from "./ui.jsx";

export function Notices() {
  const notices = useRead("notice.list");
  const { busy, run } = useDeed();
  const unseen = (notices.data ?? []).filter((notice) => !notice.seen);
  const seen = (id) => run(async () => { await write("notice.seen", { id }); await notices.reload(); });
  if (!unseen.length) return null;
  return (
    <section class="stack" aria-label="Notices">
      {unseen.map(({ id, kind, app, at, times, title, body }) => (
        <div class="notice warn" role="status" key={id}>
          <p><strong>{title}</strong> <span class="small soft"><Moment at={at} />{times > 1 && `, ${times} times`}</span><br />
            <span class="small">{body}</span></p>
          <div class="row">
            {app && <a class="button small" href={kind === "app.asks" ? "/waiting" : `/apps/${app}`}>{kind === "app.asks" ? "Answer" : "Look at it"}</a>}
            <button class="button small quiet" type="button" disabled={busy} onClick={() => seen(id)}>Seen</button>
          </div>
        </div>
      ))}
    </section>
  );
}
