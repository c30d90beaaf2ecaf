// Addresses: real paths and the browser's own history. Links are ordinary <a href>; a click on one that this page
// can show itself stays on the page, and the heading of the new view takes the focus, as after a real navigation.

import { createContext } from "preact";
import { useContext, useEffect, useRef, useState } from "preact/hooks";

const moved = new EventTarget();

export function go(path, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", path);
  scrollTo(0, 0);
  moved.dispatchEvent(new Event("move"));
}

function ours(event, link) {
  return link && link.origin === location.origin && !link.target && !link.pathname.startsWith("/_fazt/")
    && event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
}

function onClick(event) {
  const link = event.target.closest("a[href]");
  if (event.defaultPrevented || !ours(event, link)) return;
  event.preventDefault();
  go(link.pathname + link.search);
}

export function usePath() {
  const [path, setPath] = useState(location.pathname);
  useEffect(() => {
    const follow = () => setPath(location.pathname);
    addEventListener("popstate", follow);
    moved.addEventListener("move", follow);
    document.addEventListener("click", onClick);
    return () => {
      removeEventListener("popstate", follow);
      moved.removeEventListener("move", follow);
      document.removeEventListener("click", onClick);
    };
  }, []);
  return path;
}

// A view inside another one has no page of its own: its heading is one among others, and what is done is told to whoever
// shows it.
export const Within = createContext(null);

export function useDone(otherwise = () => go("/waiting")) {
  return useContext(Within) ?? otherwise;
}

let visits = 0;

// The heading of a view: names the tab, and takes the focus unless the page has only just loaded.
export function Title(props) {
  return useContext(Within) ? <h2>{props.children}</h2> : <Heading {...props} />;
}

function Heading({ children, tab = children }) {
  const heading = useRef();
  useEffect(() => { document.title = tab; }, [tab]);
  useEffect(() => { if (visits++) heading.current.focus({ preventScroll: true }); }, []);
  return <h1 ref={heading} tabIndex={-1}>{children}</h1>;
}
