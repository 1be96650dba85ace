"""The page of commands, on the bundled data: each is run as it is shown."""

from __future__ import annotations

import re
import subprocess
import sys
from html import unescape

import pytest

from iesi_kg.web.pages.build import commands
from running_server import Server


@pytest.mark.parametrize("place", range(len(commands())), ids=[command.title for command in commands()])
def test_a_command_of_the_page_works_as_it_is_shown(server: Server, place: int) -> None:
    page = server.ask("GET", "/build", {"Accept": "text/html"}).text
    pieces = re.findall(r'<code class="command" data-language="(\w+)">(.*?)</code>', page, re.DOTALL)
    assert len(pieces) == len(commands())
    language, text = pieces[place][0], unescape(pieces[place][1])
    assert server.url in text
    command = ["bash", "-c", f"set -o pipefail; {text}"] if language == "sh" else [sys.executable, "-c", text]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert re.search(commands()[place].expect, said, re.MULTILINE), said[:500]
