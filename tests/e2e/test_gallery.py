#!/usr/bin/env python3
"""The pages, as a client without JavaScript sees them."""
import gzip
import html.parser
import urllib.parse
import unittest

from harness import Server, main, pattern

NAMES = {
    "plain": "Front door",
    "markup": "<script>alert(1)</script>",
    "quotes": "\" onload=\"alert(1)\" x='",
    "entity": "R&amp;D & Co",
    "words": "Küche – 台所",
}


class Page(html.parser.HTMLParser):
    """Collects the text, the pictures, the links, and whatever a page should not have."""

    def __init__(self, text):
        super().__init__()
        self.words, self.images, self.links, self.handlers, self.inline_scripts = [], [], [], [], []
        self.resources, self.in_script, self.base = [], False, "/"
        self.feed(text)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.handlers += [name for name in attributes if name.startswith("on")]
        self.in_script = tag in ("script", "style")
        if tag == "base":
            self.base = attributes["href"]
        for name in ("src", "href"):
            if name in attributes:
                attributes[name] = urllib.parse.urljoin(self.base, attributes[name])
        if tag == "img":
            self.images.append(attributes)
        if tag == "a" and "href" in attributes and "hidden" not in attributes:
            self.links.append(attributes["href"])
        if tag in ("script", "link"):
            self.resources.append(attributes.get("src") or attributes.get("href"))

    def handle_endtag(self, tag):
        self.in_script = False

    def handle_data(self, data):
        if self.in_script and data.strip():
            self.inline_scripts.append(data)
        self.words.append(data)


class Gallery(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server({"cameras": [pattern(id, name=name) for id, name in NAMES.items()]})
        cls.addClassCleanup(cls.server.__exit__, None)

    def page(self, path):
        answer = self.server.get(path)
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["Content-Type"].lower().replace(" ", ""), "text/html;charset=utf-8")
        return Page(answer.text)

    def test_each_camera_has_its_picture_its_name_and_a_link(self):
        page = self.page("/")
        for id, name in NAMES.items():
            with self.subTest(id=id):
                self.assertIn(" ".join(name.split()), page.text)
                self.assertTrue([image for image in page.images if image["src"].startswith(f"/camera/{id}/")])
                self.assertIn(f"/camera/{id}", page.links)

    def test_every_picture_has_words_for_those_who_cannot_see_it(self):
        for path in ("/", "/camera/plain"):
            for image in self.page(path).images:
                self.assertIn("alt", image)
                if image["src"].startswith("/camera/"):
                    self.assertTrue(image["alt"], image)

    def test_camera_page_shows_the_stream_and_the_name(self):
        for id, name in NAMES.items():
            with self.subTest(id=id):
                page = self.page(f"/camera/{id}")
                self.assertIn(" ".join(name.split()), page.text)
                self.assertIn(f"/camera/{id}/video_feed", [image["src"] for image in page.images])

    def test_names_are_escaped(self):
        for path in ("/", *(f"/camera/{id}" for id in NAMES)):
            with self.subTest(path=path):
                page = self.page(path)
                self.assertEqual(page.handlers, [])
                self.assertEqual(page.inline_scripts, [])

    def test_pictures_and_resources_are_there(self):
        for path in ("/", "/camera/plain"):
            page = self.page(path)
            self.assertTrue(page.resources)
            for resource in page.resources:
                answer = self.server.get(urllib.parse.urljoin(path, resource))
                self.assertEqual(answer.status, 200, resource)
                self.assertTrue(answer.body, resource)
            for image in page.images:
                self.assertEqual(self.server.get(image["src"], "HEAD").status, 200, image)

    def test_errors_are_pages_for_browsers_and_json_for_programs(self):
        browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
        for path, status, title in (("/camera/nobody", 404, "Not found"), ("/nowhere", 404, "Not found"),
                                    ("/feed?fps=x", 400, "Bad request"), ("/camera/nobody/snapshot", 404, "Not found")):
            with self.subTest(path=path):
                answer = self.server.get(path, headers=browser)
                self.assertEqual(answer.status, status)
                self.assertEqual(answer.headers["Content-Type"], "text/html; charset=utf-8")
                page = Page(answer.text)
                self.assertIn(title, page.text)
                self.assertIn("/", page.links)
                self.assertEqual(page.inline_scripts, [])
                for accept in ({}, {"Accept": "*/*"}, {"Accept": "application/json, text/html"}):
                    other = self.server.get(path, headers=accept)
                    self.assertEqual(other.headers["Content-Type"], "application/json")
                    self.assertIn(other.json["error"]["message"][1:20], page.text)

    def test_assets_are_compressed_and_may_be_kept_at_their_hashed_address(self):
        page = self.page("/")
        for path in [resource for resource in page.resources if resource.endswith((".js", ".css"))]:
            answer = self.server.get(path, headers={"Accept-Encoding": "gzip, br"})
            self.assertEqual(answer.headers["Content-Encoding"], "gzip")
            self.assertIn("immutable", answer.headers["Cache-Control"])
            plain = self.server.get(f"/assets/{path.rsplit('/', 1)[1]}")
            self.assertNotIn("Content-Encoding", plain.headers)
            self.assertIn("no-store", plain.headers["Cache-Control"])
            self.assertEqual(gzip.decompress(answer.body), plain.body)
        old = self.server.get("/assets/0123456789abcdef/wall.js")
        self.assertEqual(old.status, 200)
        self.assertIn("no-store", old.headers["Cache-Control"])

    def test_status_gives_names_back_as_they_are(self):
        self.assertEqual({camera["id"]: camera["name"] for camera in self.server.status()["cameras"]}, NAMES)


if __name__ == "__main__":
    main()
