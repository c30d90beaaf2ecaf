// Searches while one types, by fetching the page that the form would lead to and showing its results here.

const PAUSE_MS = 180;

export function searchWhileTyping(form) {
  const words = form.elements.q;
  let timer, request;

  async function search() {
    const address = words.value ? `/?q=${encodeURIComponent(words.value)}` : "/";
    request?.abort();
    request = new AbortController();
    const response = await fetch(address, { signal: request.signal, headers: { accept: "text/html" } }).catch(() => null);
    if (!response?.ok) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    document.getElementById("results").replaceWith(page.getElementById("results"));
    document.title = page.title;
    history.replaceState(null, "", address);
  }

  words.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, PAUSE_MS);
  });
}
