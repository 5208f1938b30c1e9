"""The settings of Sphinx, which builds the site from the pages that `build.py` has laid out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docs.site.navigation import summary
from ellar_db.version import __version__

HERE = Path(__file__).parent

project = "ellar_db"
html_title = f"ellar_db {__version__}"
extensions = ["myst_parser"]
root_doc = "index"

# GitHub's Markdown, and nothing that only this site would understand
myst_heading_anchors = 6
myst_disable_syntax = ["myst_role", "myst_line_comment", "myst_block_break", "myst_target"]
# files such as JSON schemas keep the address that they have in the repository
myst_url_schemes = {"http": None, "https": None, "mailto": None, "beside": {"url": "{{path}}"}}

# signs stay as they are written: two dashes begin an option
smartquotes = False

html_theme = "furo"
html_static_path = [str(HERE / "static")]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_search_scorer = str(HERE / "scores.js")
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_use_index = False
html_theme_options = {
    "top_of_page_buttons": [],
    "footer_icons": [
        {"name": "GitHub", "url": "https://github.com/python-ellar/ellar-db", "html": "GitHub", "class": ""}
    ],
}


def describe(app: Any, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Give a page the description that search engines show."""
    file = Path(app.srcdir, f"{page}.md")
    if file.is_file() and (said := summary(file.read_text(encoding="utf-8"))):
        from html import escape

        context["metatags"] = f'{context.get("metatags", "")}<meta name="description" content="{escape(said)}">'


def setup(app: Any) -> None:
    """Connect to Sphinx."""
    app.connect("html-page-context", describe)
