"""A queue of jobs outside of the program: in Redis, or, where there is no server, in this process and behind the same methods."""

import asyncio
import concurrent.futures
import os
import queue
import re
import secrets
import threading
import time
import weakref
from collections import Counter, deque

import redis
from private_redis import Server, StartError
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.retry import Retry

# How often a job may be given back; one that kills its workers again and again is set aside.
MOST_TIMES = 3

# How long the consumer waits in one piece: so long it takes to hear that the worker is being closed.
LIMIT = 0.1

# How often a worker looks for jobs of dead ones.
LOOK = 0.5

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "recover.lua")) as file:
    RECOVER = file.read()


class Claim:
    """A job that a worker has taken."""

    def __init__(self, job, lease):
        self.job = job
        self.lease = lease


class Lease:
    """The right to be taken for alive. A thread renews it as long as somebody holds it: who takes jobs, or a claim."""

    def __init__(self, worker, beat, lasts):
        self.worker = worker
        beat()
        threading.Thread(target=renew, args=(weakref.ref(self), beat, lasts), daemon=True).start()


def renew(lease, beat, lasts):
    while True:
        time.sleep(lasts / 3)
        if lease() is None:
            return
        try:
            beat()
        except redis.RedisError:
            return


class RedisJobs:
    """A connection to a queue in Redis: a list of the jobs that wait, and for each worker a list of those that it has taken."""

    def __init__(self, url, name, lasts):
        # A question whose answer was lost is asked again, so it may have been heard twice.
        retry = Retry(ExponentialBackoff(cap=0.5, base=0.01), retries=60)
        self._redis = redis.Redis.from_url(url, retry=retry)
        # A move is not asked again.
        self._moves = redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0))
        self._name = name
        self._lasts = lasts
        # There is none before the first job is taken.
        self._lease = None

    def _key(self, what):
        return f"{self._name}:{what}"

    def put(self, jobs):
        self._redis.rpush(self._key("waiting"), *jobs)

    def pop(self, limit):
        popped = self._redis.blpop([self._key("waiting")], limit)
        return popped and popped[1]

    def take(self, limit):
        while True:
            if self._lease is None:
                self._lease = self._new_lease()
            taken = self._key(f"taken:{self._lease.worker}")
            try:
                job = self._moves.blmove(self._key("waiting"), taken, limit, "LEFT", "RIGHT")
            except (redis.ConnectionError, redis.TimeoutError):
                # A job may have been moved without our hearing of it. Under this name nobody takes any more, so the
                # lease ends when its other jobs are done, and then everything left in its list is given back.
                self._lease = None
            else:
                return None if job is None else Claim(job, self._lease)

    def _new_lease(self):
        """Becomes a worker under a new name."""
        worker = secrets.token_hex(8)

        def beat():
            self._redis.set(self._key(f"lease:{worker}"), "alive", px=round(self._lasts * 1000))
            self._redis.zadd(self._key("workers"), {worker: int(time.time())})

        return Lease(worker, beat, self._lasts)

    def done(self, claim):
        with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.lrem(self._key(f"taken:{claim.lease.worker}"), 1, claim.job)
            pipeline.hdel(self._key("times"), claim.job)
            return pipeline.execute()[0] == 1

    def set_aside(self, claim, reason):
        # Both or neither, so that the job is never nowhere.
        with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.rpush(self._key("aside"), claim.job + b": " + reason.encode())
            pipeline.lrem(self._key(f"taken:{claim.lease.worker}"), 1, claim.job)
            pipeline.execute()

    def recover(self):
        return [text(job) for job in self._redis.eval(RECOVER, 1, self._name, MOST_TIMES)]

    def count(self):
        workers = self._redis.zrange(self._key("workers"), 0, -1)
        taken = sum(self._redis.llen(self._key(f"taken:{worker.decode()}")) for worker in workers)
        return self._redis.llen(self._key("waiting")), taken

    def aside(self):
        return [text(job) for job in self._redis.lrange(self._key("aside"), 0, -1)]

    def die(self):
        """Ends as a worker does whose process is killed: nobody renews its lease."""
        self._lease = None


class Shared:
    """A queue that threads of this process share."""

    def __init__(self):
        self.changed = threading.Condition()
        self.waiting = deque()
        self.taken = {}
        self.dead = set()
        self.times = Counter()
        self.aside = []


class ProcessJobs:
    """A connection to such a queue."""

    def __init__(self, shared):
        self._shared = shared
        self._worker = object()

    def put(self, jobs):
        with self._shared.changed:
            self._shared.waiting.extend(job if isinstance(job, bytes) else job.encode() for job in jobs)
            self._shared.changed.notify_all()

    def pop(self, limit):
        with self._shared.changed:
            if self._shared.changed.wait_for(lambda: self._shared.waiting, limit):
                return self._shared.waiting.popleft()
            return None

    def take(self, limit):
        with self._shared.changed:
            job = self.pop(limit)
            if job is None:
                return None
            self._shared.taken.setdefault(self._worker, []).append(job)
            return Claim(job, self._worker)

    def done(self, claim):
        with self._shared.changed:
            self._shared.times.pop(claim.job, None)
            jobs = self._shared.taken.get(claim.lease, [])
            if claim.job not in jobs:
                return False
            jobs.remove(claim.job)
            return True

    def set_aside(self, claim, reason):
        with self._shared.changed:
            self.done(claim)
            self._shared.aside.append(f"{text(claim.job)}: {reason}")

    def recover(self):
        with self._shared.changed:
            given_back = []
            for worker in self._shared.dead:
                for job in reversed(self._shared.taken.pop(worker, [])):
                    given_back.append(text(job))
                    self._shared.times[job] += 1
                    if self._shared.times[job] > MOST_TIMES:
                        self._shared.aside.append(f"{text(job)}: {self._shared.times[job]} workers died with it")
                    else:
                        self._shared.waiting.appendleft(job)
            self._shared.changed.notify_all()
            return given_back

    def count(self):
        with self._shared.changed:
            return len(self._shared.waiting), sum(map(len, self._shared.taken.values()))

    def aside(self):
        return list(self._shared.aside)

    def die(self):
        self._shared.dead.add(self._worker)


class Place:
    """Where the queue is: in the server that REDIS_URL names, or in one that is started, or in this process if there is none."""

    def __init__(self):
        self._url = os.environ.get("REDIS_URL") or None
        self._queue = f"asyncio-workbook-{os.getpid()}"
        self._server = None
        self.why_not = None
        self._shared = Shared()
        self._connections = []
        if self._url is not None:
            # Whoever named a server wants that one.
            try:
                redis.Redis.from_url(self._url, retry=Retry(ExponentialBackoff(), 0), socket_timeout=5).ping()
            except (ValueError, redis.RedisError) as error:
                raise SystemExit(f"error: REDIS_URL: {error}") from None
            return
        try:
            self._server = Server()
        except StartError as error:
            self.why_not = error

    def connect(self, lasts):
        """Connects to the queue. A lease that is not renewed for this long has run out, and its worker is taken for dead."""
        if self._url is not None:
            jobs = RedisJobs(self._url, self._queue, lasts)
        elif self._server is not None:
            jobs = RedisJobs(self._server.url, "shop", lasts)
        else:
            jobs = ProcessJobs(self._shared)
        self._connections.append(jobs)
        return jobs

    def name(self):
        if self._url is not None:
            return "the Redis server that REDIS_URL names"
        if self._server is not None:
            return "a Redis server of this program's own"
        return f"this process, because {self.why_not}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for jobs in self._connections:
            jobs.die()
        if self._url is not None:
            client = redis.Redis.from_url(self._url)
            if keys := list(client.scan_iter(f"{self._queue}:*")):
                client.delete(*keys)
        if self._server is not None:
            self._server.close()


def seconds(job):
    """Reads an order, or raises ValueError with what is wrong."""
    try:
        order = job.decode()
    except UnicodeDecodeError:
        raise ValueError("not text") from None
    if not re.fullmatch("[-+]?[0-9]+", order, re.ASCII):
        raise ValueError("not a number")
    if order.startswith("-"):
        raise ValueError("negative")
    if len(order.lstrip("+0")) > 9 or int(order) > 86_400:
        raise ValueError("longer than a day")
    return int(order)


def text(job):
    """Shows a job to people."""
    return job.decode(errors="replace")


class Report:
    """What became of a job."""

    def __init__(self, job, error, was_ours):
        self.job = job
        self.error = error
        # Whether the worker still had the job when it struck it off.
        self.was_ours = was_ours


class Worker:
    """One thread takes jobs from the queue, a loop on a second one runs them, and a third strikes off what is done."""

    def __init__(self, place, lease, room, reports, work):
        self._jobs = place.connect(lease)
        self._room = threading.Semaphore(room)
        self._reports = reports
        self._work = work
        self._ended = queue.SimpleQueue()
        self._closing = threading.Event()
        self._loop = asyncio.new_event_loop()
        clerk = place.connect(lease)
        self._threads = [
            threading.Thread(target=self._loop.run_forever),
            threading.Thread(target=self._strike_off, args=(clerk,)),
            threading.Thread(target=self._consume),
        ]
        for thread in self._threads:
            thread.start()

    def close(self):
        """Takes no further job, and waits until those in hand have come to their end."""
        self._closing.set()
        event_loop, clerk, consumer = self._threads
        consumer.join()
        clerk.join()
        self._loop.call_soon_threadsafe(self._loop.stop)
        event_loop.join()
        self._loop.close()
        self._jobs.die()

    def _consume(self):
        """Takes jobs on this thread and submits them to the loop as they come."""
        in_flight = set()
        while (claimed := self._next()) is not None:
            future = asyncio.run_coroutine_threadsafe(self._run(*claimed), self._loop)
            in_flight.add(future)
            future.add_done_callback(in_flight.discard)
        concurrent.futures.wait(list(in_flight))
        self._ended.put(None)

    def _next(self):
        # This is the backpressure: with its hands full the worker takes nothing, and the jobs stay for others.
        while not self._room.acquire(timeout=LIMIT):
            if self._closing.is_set():
                return None
        looked = time.monotonic()
        while not self._closing.is_set():
            if time.monotonic() - looked > LOOK:
                self._jobs.recover()
                looked = time.monotonic()
            claim = self._jobs.take(LIMIT)
            if claim is None:
                continue
            try:
                return claim, seconds(claim.job)
            except ValueError as error:
                self._jobs.set_aside(claim, str(error))
        return None

    async def _run(self, claim, number):
        try:
            await self._work(number)
            self._ended.put((claim, None))
        except Exception as error:
            self._ended.put((claim, error))

    def _strike_off(self, jobs):
        while (ended := self._ended.get()) is not None:
            claim, error = ended
            if error is None:
                was_ours = jobs.done(claim)
            else:
                jobs.set_aside(claim, str(error))
                was_ours = True
            self._reports.put(Report(text(claim.job), error, was_ours))
            self._room.release()
