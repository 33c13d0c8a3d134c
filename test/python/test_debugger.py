"""debugpy, which is what VS Code debugs Python with: breakpoints, steps and variables are as without the tracer."""

import json
import socket
import subprocess
import sys
import time

from harness import environment, write
from test_examples import needs

ENGINE = """\
import torch
model = torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
def train(batches):
    total = 0
    for x in batches:
        loss = model(x).sum()
        loss.backward()
        optimizer.step()
        total += 1
    return total
"""
MAIN = "import torch\nimport engine\nprint(engine.train([torch.ones(1, 4)] * 3))\n"


class Client:
    """The few words of the Debug Adapter Protocol that a session needs."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.file = self.socket.makefile("rb")
        self.number = 0
        self.events = []

    def send(self, command, **arguments):
        self.number += 1
        body = json.dumps({"seq": self.number, "type": "request", "command": command, "arguments": arguments}).encode()
        self.socket.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        return self.number

    def receive(self):
        length = 0
        while (line := self.file.readline().strip()) or not length:
            length = int(line.split(b":")[1]) if line.lower().startswith(b"content-length") else length
        return json.loads(self.file.read(length))

    def ask(self, command, **arguments):
        """A request's answer; events that come first are kept."""
        number = self.send(command, **arguments)
        while True:
            message = self.receive()
            if message["type"] == "response" and message["request_seq"] == number:
                assert message["success"], message
                return message.get("body", {})
            self.events.append(message)

    def event(self, name):
        while True:
            for message in self.events:
                if message.get("event") == name:
                    self.events.remove(message)
                    return message.get("body")
            self.events.append(self.receive())


def session(folder, trace):
    """Stops at a breakpoint in the loop's body, steps on, and lets the program end: what was seen, and its output."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Frozen modules: debugpy prints a warning about them, and steps all the same.
    args = [sys.executable, "-Xfrozen_modules=off", "-m", "debugpy", "--listen", str(port), "--wait-for-client", "main.py"]
    out = folder / "out"  # debugpy's adapter outlives the program, and would hold a pipe.
    with out.open("wb") as file:
        process = subprocess.Popen(args, cwd=folder, env=environment(trace), stdout=file, stderr=subprocess.DEVNULL)
    try:
        client = connect(port, process)
        client.ask("initialize", adapterID="test", clientID="test", linesStartAt1=True, pathFormat="path")
        client.send("attach", justMyCode=False)
        client.event("initialized")
        source = {"path": str(folder / "engine.py")}
        client.ask("setBreakpoints", source=source, breakpoints=[{"line": 9}])
        client.ask("configurationDone")
        seen = []
        for command in ["next"] * 4 + ["stepIn"] * 2 + ["next"]:
            thread = client.event("stopped")["threadId"]
            frames = client.ask("stackTrace", threadId=thread)["stackFrames"]
            value = client.ask("evaluate", expression="total", frameId=frames[0]["id"], context="watch")["result"] \
                if frames[0]["name"] == "train" else None  # fmt: skip
            seen.append((frames[0]["name"], frames[0]["line"], value))
            assert not any("wattline" in ((frame.get("source") or {}).get("path") or "") for frame in frames)
            if command != "next":
                seen.append([(frame["name"], frame["line"]) for frame in frames[:2]])
            client.send(command, threadId=thread)
        client.event("stopped")
        client.ask("setBreakpoints", source=source, breakpoints=[])
        client.send("continue", threadId=thread)
        client.event("terminated")
        client.send("disconnect")
        code = process.wait(60)
        return seen, out.read_bytes(), code
    finally:
        process.kill()


def connect(port, process):
    for _ in range(300):
        try:
            return Client(port)
        except OSError:
            assert process.poll() is None
            time.sleep(0.1)
    raise AssertionError("debugpy did not listen")


def test_debugpy_stops_and_steps_as_without_us(tmp_path):
    needs("torch", "debugpy")
    write(tmp_path, engine=ENGINE, main=MAIN)
    trace = tmp_path / "trace"
    trace.mkdir()
    plain = session(tmp_path, None)
    assert plain[0][0] == ("train", 9, "0") and plain[1:] == (b"3\n", 0)
    assert session(tmp_path, trace) == plain
