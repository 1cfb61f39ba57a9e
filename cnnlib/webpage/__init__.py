"""A run as one web page that needs nothing beside itself: no script, no font, no other file.

It reads in the light and in the dark, on a small screen and on paper. Pictures are inside it as
PNG at their own size, charts as SVG that takes the colours of the page.
"""

from cnnlib.webpage.page import LayerMaps, Story, web_page

__all__ = ["LayerMaps", "Story", "web_page"]
