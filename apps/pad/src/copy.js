// Shows the public link as the whole address that one sends, with a button that copies it.

export function offerCopy(link) {
  link.textContent = link.href;
  if (!navigator.clipboard) return; // plain http
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button small";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(link.href);
    button.textContent = "Copied";
  });
  link.after(button);
}
