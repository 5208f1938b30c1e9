// A page that was opened from disk may not read others, so the search shows titles without parts of the text there.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

// The list of pages is longer than the window: begin where the reader is.
document.addEventListener("DOMContentLoaded", () => {
  const list = document.querySelector(".sidebar-scroll");
  const page = document.querySelector(".sidebar-tree .current-page");
  if (!list || !page) return;
  const below = page.getBoundingClientRect().top - list.getBoundingClientRect().top;
  if (below > list.clientHeight - 40) list.scrollTo({top: below - list.clientHeight / 2, behavior: "instant"});
});
