"""What people do with Docker's Python library, against the engine at DOCKER_HOST."""

import io
import os
import tarfile

import docker

image = os.environ["TEST_IMAGE"]
missing = set(os.environ.get("NOT_SERVED", "").split(","))
client = docker.from_env(timeout=20)


def done(name):
    print(f"done: {name}", flush=True)


assert client.ping()
assert client.version()["ApiVersion"] == "1.51"
assert client.info()["OSType"] == "linux"
done("ping, version, info")

assert client.containers.run(image, ["echo", "hello"], remove=True) == b"hello\n"
try:
    client.containers.run(image, ["sh", "-c", "echo bad >&2; exit 3"], remove=True)
    raise AssertionError("an exit code of 3 is an error")
except docker.errors.ContainerError as error:
    assert error.exit_status == 3 and error.stderr == b"bad\n", error
done("run")

container = client.containers.run(
    image,
    "sh -c 'echo started; sleep 1000'",
    detach=True,
    name="snake",
    environment={"WHAT": "ever"},
    labels={"a": "b"},
    ports={"8000/tcp": ("127.0.0.1", None)},
    mem_limit="64m",
    tmpfs={"/scratch": "size=1m"},
    stop_signal="SIGKILL",
)
container.reload()
assert container.status == "running"
assert container.ports["8000/tcp"][0]["HostIp"] == "127.0.0.1"
assert [c.name for c in client.containers.list(filters={"label": "a=b"})] == ["snake"]
for line in container.logs(stream=True, follow=True):
    assert line == b"started\n"
    break
done("detached, list, logs")

code, output = container.exec_run(["sh", "-c", "echo $WHAT; exit 4"])
assert (code, output) == (4, b"ever\n"), (code, output)
code, (out, err) = container.exec_run(["sh", "-c", "echo o; echo e >&2"], demux=True)
assert (out, err) == (b"o\n", b"e\n")
assert any("sleep 1000" in " ".join(row) for row in container.top()["Processes"])
done("exec, top")

if "GET /containers/{id}/stats" not in missing:
    assert container.stats(stream=False)["memory_stats"]["usage"] > 0
    assert "cpu_stats" in next(container.stats(decode=True))
    done("stats")

if "PUT /containers/{id}/archive" not in missing:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        entry = tarfile.TarInfo("put")
        entry.size = 4
        tar.addfile(entry, io.BytesIO(b"here"))
    assert container.put_archive("/tmp", buffer.getvalue())
    chunks, stat = container.get_archive("/tmp/put")
    assert stat["size"] == 4 and b"here" in b"".join(chunks)
    done("archives")

container.pause()
container.reload()
assert container.status == "paused"
container.unpause()
container.rename("python")
if "POST /containers/{id}/update" not in missing:
    container.update(mem_limit="96m", memswap_limit="192m")
    container.reload()
    assert container.attrs["HostConfig"]["Memory"] == 96 << 20
container.restart(timeout=0)
container.stop(timeout=0)
assert container.wait()["StatusCode"] == 137
container.remove()
done("pause, rename, restart, stop, wait, remove")

volume = client.volumes.create("hole", labels={"c": "d"})
assert client.containers.run(image, "sh -c 'echo x > /v/f; cat /v/f'", volumes={"hole": {"bind": "/v"}}, remove=True) == b"x\n"
volume.remove()
done("volumes")

try:
    client.containers.get("nope")
    raise AssertionError("there is no such container")
except docker.errors.NotFound as error:
    assert "No such container: nope" in str(error)
assert any(image in i.tags for i in client.images.list())
assert [n.name for n in client.networks.list(names=["bridge"])] == ["bridge"]
done("errors, images, networks")
print("all steps")
