"""What a process costs, as Linux tells it in /proc."""

import os

TICK = os.sysconf("SC_CLK_TCK")


def family(pid):
    """The process and all that it started, and those started."""
    children = {}
    for name in filter(str.isdecimal, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                parent = int(file.read().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(name))
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found


def cpu(pid):
    """Seconds of CPU that a process has used, and its threads that have ended; in steps of 10 ms."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def processor():
    """Seconds that all cores together have worked since the start, and that have passed for them."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, idle, waiting, interrupts, soft, *_ = map(
            int, file.readline().split()[1:]
        )
    working = user + nice + system + interrupts + soft
    return working / TICK, (working + idle + waiting) / TICK


def fine_cpu(pid):
    """Seconds of CPU of all threads that live, to the nanosecond."""
    return sum(int(_read(f"{task}/schedstat").split()[0]) for task in _tasks(pid)) / 1e9


def wake_ups(pid):
    """How often its threads have gone to sleep of their own will, each to be woken again."""
    return sum(
        int(line.split()[1])
        for task in _tasks(pid)
        for line in _read(f"{task}/status").splitlines()
        if line.startswith("voluntary_ctxt_switches")
    )


def status(pid, name):
    """A size in bytes out of its status: "VmRSS" is what is resident, "VmHWM" the most so far."""
    lines = _read(f"/proc/{pid}/status").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name + ":"))


def forget_peak(pid):
    """Have VmHWM begin anew."""
    with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as file:
        file.write("5")


def memory(pid):
    """Bytes: resident, its share (PSS: pages of several processes count in parts), its own."""
    sizes = {}
    for line in _read(f"/proc/{pid}/smaps_rollup").splitlines()[1:]:
        name, _, rest = line.partition(":")
        sizes[name] = int(rest.split()[0]) * 1024
    private = sizes["Private_Clean"] + sizes["Private_Dirty"]
    return sizes["Rss"], sizes["Pss"], private


def bytes_read(pid):
    """Bytes that its calls of read() gave it, from a disk or the page cache."""
    lines = _read(f"/proc/{pid}/io").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("rchar"))


def _tasks(pid):
    return [f"/proc/{pid}/task/{task}" for task in os.listdir(f"/proc/{pid}/task")]


def _read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return "0"  # a thread that has just ended
