"""The pages: what people see of the API, made on the server, with the same operations. How to add one:

1. A file here, named after what it shows (`receipts.py`), with `routes = page_router()` from `visitor.py`, and a line
   in `PAGES` of `app/http/api.py`. Handlers ask for `visitor: PageVisitor`, which has `.caller` (the API's), `.account`
   (name, e-mail, organizations with roles) and `.now` (the database's clock). Nobody, or a dead credential, is
   sent to `/sign-in` by itself; so are `Forbidden`, `NotFound`, `Unavailable` … turned into pages: just let operations
   raise. Ids in paths are typed as in the API (`path_ids.py`); a malformed one is a 404 page.
2. A template, `templates/receipts.html`: `{% extends "base.html" %}`, blocks `title` and `main` (begin `main` with one
   `<h1>`). `render(request, "receipts.html", status=…, **values)` renders it. Everything is escaped; what is not
   passed is an error. Filters: `instant` (a date and time), `age` ("3 minutes ago"), `duration` (of a timedelta), `ended_because`
   (a phrase for a reason's word). Macros are in `macros.html` (`button`, `form_key`, `problem`, `pager`, `empty` …), imported
   `{% import "macros.html" as ui with context %}`. No `style=`, no `<script>`, no `on…=`: the policy forbids them.
3. A line in `navigation.py`, if people get there from everywhere.
4. A button is a form: `<form method="post" action="…">{{ ui.form_key() }} … {{ ui.button("End") }}</form>`. Its handler is `@routes.post`;
   `fields = await fields_of(request)` (`forms.py`) are its texts, `filled(Shape, fields)` checks them with the API's shape
   and raises `Invalid`. `PageRoute` has checked already that our own page sent it. Whatever revokes goes through
   `act(request, visitor, ask, kind=…, fields=fields)` (`acting.py`), which answers 303 to the receipt; anything
   else ends with `see_other(path)`. A mistake shows the page again with `problem=sentence_for(error)` and its status (422, 409).
5. What keeps up by itself is a fragment: a template `_name.html` that is one
   `<section id="…" data-topic="TOPIC" hx-get="ADDRESS" hx-trigger="changed" hx-swap="outerMorph">`, included by the page and
   rendered alone at ADDRESS. The topic gets a line in `topics.py`, which says how. Nothing else is needed: `cutoff.js` opens one event
   stream for all topics of the page, and fetches a fragment again when its topic has changed. (htmx 4: attributes are not
   inherited unless `:inherited` is said; `hx-on`, `js:` and filters in `hx-trigger` do not work under the policy.)
6. Tests: `tests/http/pages/test_<page>.py` with a client (`world`, `browser_of`: see `tests/http/pages/browser.py`), and the flow in a browser,
   `tests/browser/test_<page>.py` (`page_as`, `check_accessibility`).

The files: `rendering` (templates, headers, error pages), `visitor` (who looks), `forms` (what they send), `acting` (what a button
does), `wording` (sentences for the protocol's words), `navigation`, `topics` (what keeps up), and one file a page.
"""
