// Saves a note while it is written. One save runs at a time; what was typed meanwhile goes with the next. When somebody
// else saved first, the form is sent as a form: the server then shows both texts and asks.

const PAUSE_MS = 700;
const RETRY_MS = 5000;

const troubles = {
  401: "Not saved: you are signed out. Sign in again in another tab; your text stays here.",
  413: "Not saved: the note is too long. Shorten it a little.",
};

export function saveWhileWriting(form) {
  const status = form.querySelector(".status");
  const { title, body, edition } = form.elements;
  const text = () => JSON.stringify([title.value, body.value]);
  let saved = text(), timer, saving = null, leaving = false;

  const say = (words, trouble = false) => {
    status.textContent = words;
    status.classList.toggle("trouble", trouble);
  };

  // A new note has no address until it is saved for the first time.
  function settle(note) {
    edition.value = note.edition;
    if (form.action.endsWith("/n")) {
      form.action = `/n/${note.id}`;
      history.replaceState(null, "", form.action);
    }
  }

  async function send() {
    const sent = text();
    say("Saving…");
    const response = await fetch(form.action, {
      method: "POST", headers: { accept: "application/json" }, body: new URLSearchParams(new FormData(form)), keepalive: sent.length < 60000,
    }).catch(() => null);
    if (response?.ok) {
      settle(await response.json());
      saved = sent;
      say("Saved");
    } else if (response?.status === 409) {
      leaving = true;
      form.submit();
    } else {
      const problem = response && await response.json().catch(() => null);
      say(troubles[response?.status] ?? problem?.error?.message ?? "Not saved: no connection. Trying again…", true);
      schedule(RETRY_MS);
    }
  }

  function schedule(delay) {
    clearTimeout(timer);
    timer = setTimeout(save, delay);
  }

  async function save() {
    clearTimeout(timer);
    if (saving) await saving;
    if (leaving || text() === saved) return;
    saving = send();
    await saving;
    saving = null;
    if (!leaving && text() !== saved && !status.classList.contains("trouble")) schedule(PAUSE_MS);
  }

  form.addEventListener("input", () => schedule(PAUSE_MS));
  form.addEventListener("submit", (event) => {
    if (!saving) { leaving = true; return; }
    // The page must not be left with an older edition than the save that is still on its way brings back.
    event.preventDefault();
    const button = event.submitter;
    saving.then(() => leaving || form.requestSubmit(button));
  });
  title.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    body.focus();
  });
  addEventListener("keydown", (event) => {
    if (event.key !== "s" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    save();
  });
  document.addEventListener("visibilitychange", () => document.hidden && save());
  addEventListener("pageshow", () => { leaving = false; });
  addEventListener("beforeunload", (event) => !leaving && (saving || text() !== saved) && (save(), event.preventDefault()));
}
