// A page that was opened from disk may not read others, so the search shows titles without parts of the text there.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
