"""2,000 files of 100 KB that were there first: files a second, and CPU a file.

Against plain requests in threads, in the same run, for a server that answers at once and for one
that answers after 300 ms.
"""

import os
import queue
import statistics
import tempfile
import threading
import time

import requests

from tests.bench.common import BareServer, make_pdf, program

FILES = 2000
SIZE = 100_000


def ours(server, folder, threads):
    with tempfile.TemporaryDirectory() as place:
        watched = os.path.join(place, "watched")
        os.mkdir(watched)
        with program(server, watched, parallel_uploads=threads):
            begin, cpu = time.perf_counter(), time.process_time()
            os.rename(folder, os.path.join(watched, "moved in"))
            server.wait_for(FILES)
            return time.perf_counter() - begin, time.process_time() - cpu


def plain(server, folder, threads):
    names = queue.SimpleQueue()
    for name in os.listdir(folder):
        names.put(os.path.join(folder, name))

    def work():
        session = requests.Session()
        while True:
            try:
                name = names.get_nowait()
            except queue.Empty:
                session.close()
                return
            with open(name, "rb") as file:
                session.post(server.url + "/profile/parsing/file", files={"file": file}, timeout=30)

    begin, cpu = time.perf_counter(), time.process_time()
    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return time.perf_counter() - begin, time.process_time() - cpu


def measure(way, delay, threads):
    server = BareServer(delay)
    with tempfile.TemporaryDirectory() as place:
        folder = os.path.join(place, "files")
        os.mkdir(folder)
        for number in range(FILES):
            make_pdf(os.path.join(folder, f"{number}.pdf"), number, SIZE)
        seconds, cpu = way(server, folder, threads)
    server.close()
    return FILES / seconds, cpu / FILES


def main():
    print(f"\nbacklog: {FILES} files of 100 KB; the server's own CPU is in both columns")
    for delay, threads in ((0.0, (1, 4, 16)), (0.3, (64,))):
        print(f"  server answers after {delay * 1000:.0f} ms")
        best = {}
        for name, way in (("hrflow-watcher", ours), ("plain requests", plain)):
            for number in threads:
                runs = [measure(way, delay, number) for _ in range(2)]
                rate = statistics.median(run[0] for run in runs)
                cpu = statistics.median(run[1] for run in runs)
                best[name] = max(best.get(name, 0), rate)
                print(
                    f"    {name:<16} {number:>3} parallel {rate:8.1f} files/s  {cpu * 1e3:.2f} ms CPU a file"
                )
        print(
            f"    best of ours / best of plain requests: {best['hrflow-watcher'] / best['plain requests']:.2f}"
        )


if __name__ == "__main__":
    main()
