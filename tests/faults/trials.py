# SPDX-License-Identifier: Apache-2.0
"""The kinds of faults, one function each: a lane does some trials of one kind to a site of its own
and gives the site's account. A trial counts only if the fault was seen to take effect."""

import glob
import os
import shutil
import subprocess
import time

from site_of_faults import COMMIT_S, Site

RATE = 10             # samples a second of each sensor, where nothing else is said
HOLD_S = 2.5        # how long a fault lasts at least
FULL = "database or disk is full"  # SQLite's words, in the log once for each fault
LONGEST_FILL_S = 15
STATE_AGE_S = 3.5   # `state` goes out each second, come what may


def pause(seconds):
    time.sleep(seconds)  # the fault's own length


def kills(chance, trials, _):
    """`kill -9` at any moment, the broker away now and then."""
    site, effective, recovery = Site(chance), 0, []
    try:
        site.start()
        site.until_heard()
        for trial in range(trials):
            pause(chance.uniform(0.05, 0.6))
            effective += site.is_alive()
            site.revive()
            site.gateway.kill()
            if trial % 6 == 2:
                site.broker.stop()
            if trial % 6 == 4:
                site.broker.start()
            site.start()
            recovery.append(site.until_sampled())
        if site.broker.process is None:
            site.broker.start()
        site.until_heard(60)
        return site.account(effective, trials, recovery, 2 + RATE * 2 * COMMIT_S)
    finally:
        site.end()


def full_disks(chance, trials, lane):
    """Another program takes all room and gives it back; the broker is there or away."""
    site, effective, recovery = Site(chance, disk_mb=24), 0, []
    is_away = lane % 2 == 1
    try:
        site.start()
        site.until_heard()
        for _ in range(2 * trials):  # what had no effect proves nothing, and is tried again
            if effective == trials:
                break
            if is_away:
                site.broker.stop()
            begin = begin_of_trial = time.monotonic()
            faults = site.gateway.log().count(FULL)
            while time.monotonic() - begin < HOLD_S:
                is_full = site.disk.fill()
                # What the store has left of its own (its reserve, free pages) keeps it going for a while.
                if not is_full or site.gateway.log().count(FULL) == faults:
                    begin = min(time.monotonic(), begin_of_trial + LONGEST_FILL_S)
                pause(0.1)
            effective += site.gateway.log().count(FULL) > faults
            site.disk.free()
            recovery.append(site.until_kept())
            if is_away:
                site.broker.start()
            site.until_heard(30)
            site.revive()
        return site.account(effective, trials, recovery)
    finally:
        site.end()


def broken_disks(chance, trials, _):
    """EIO for everything, as when a USB disk drops out, until it is mounted again."""
    site, effective, recovery = Site(chance, disk_mb=24), 0, []
    try:
        site.start()
        site.until_heard()
        for _ in range(trials):
            site.look()
            effective += site.disk.shut_down()
            pause(HOLD_S + chance.uniform(0, 1))
            if site.state_age_s() > STATE_AGE_S:
                site.tell(f"EIO: the newest state was {site.state_age_s():.0f} s old")
            site.disk.unmount()
            site.disk.mount()
            site.revive()
            recovery.append(site.until_kept(30))
            if recovery[-1] is None:
                site.tell(f"EIO: still open are {site.open_files()}")
            site.until_heard(30)
        return site.account(effective, trials, recovery)
    finally:
        site.end()


def stalls(chance, trials, _):
    """A disk that does not answer."""
    site, effective, recovery = Site(chance, disk_mb=24), 0, []
    try:
        site.start()
        site.until_heard()
        for trial in range(trials):
            site.disk.freeze()
            probe = subprocess.Popen(["touch", os.path.join(site.disk.path, "probe")])  # hangs where it is true
            pause(HOLD_S + chance.uniform(0, 2))
            effective += probe.poll() is None
            if trial + 1 == trials:  # health comes every 10 s, and says so
                site.until(site.says_disk_fault, 15, "health tells of the stall")
            if site.state_age_s() > STATE_AGE_S:
                site.tell(f"stall: the newest state was {site.state_age_s():.0f} s old")
            site.disk.freeze(False)
            probe.wait(10)
            recovery.append(site.until_kept())
            site.revive()
        account = site.account(effective, trials, recovery)
        site.start()  # and it ends in time while the disk does not answer
        site.until(lambda: site.newest_row() > 0 and site.is_alive(), 10)
        pause(1)
        site.disk.freeze()
        pause(0.5)
        # The kernel itself holds a thread that waits for the disk: what can be had is that all else has
        # left, and that the log says what is lost.
        site.gateway.process.terminate()
        site.until(lambda: "lost with this stop" in site.gateway.log() or not site.is_alive(), 3,
                   "SIGTERM in a stall: it has left and tells what is lost")
        site.disk.freeze(False)
        site.stop()
        return account
    finally:
        site.end()


def take_files(site, way):
    store = site.store
    if way == "all deleted":
        for companion in ("", "-wal", "-shm"):
            os.unlink(store + companion)
    elif way == "file deleted":
        os.unlink(store)
    elif way == "folder deleted":
        shutil.rmtree(os.path.dirname(store))
    elif way == "replaced":
        shutil.copy(store, store + ".copy")
        os.replace(store + ".copy", store)
    else:
        os.truncate(store, 0)
    return way


def lost_files(chance, trials, lane):
    """Store file or folder deleted, replaced or truncated under the running daemon."""
    ways = ["all deleted", "folder deleted", "replaced", "truncated", "file deleted"]
    site, effective, recovery = Site(chance), 0, []
    is_away = lane % 2 == 1
    try:
        site.start()
        site.until_heard()
        for trial in range(trials):
            if is_away:
                site.broker.stop()
            pause(HOLD_S)
            site.look()
            way = take_files(site, ways[(trial + lane) % len(ways)])
            effective += way == "truncated" or not site.has_open_what_is_there()
            recovery.append(site.until(lambda: site.newest_row() > 0 and site.has_open_what_is_there(), 20,
                                       f"{way}: a new store begins"))
            if recovery[-1] is None:  # the next one would prove nothing
                os.makedirs(os.path.dirname(site.store), exist_ok=True)
                site.stop()
                site.start()
                site.until_sampled()
            if is_away:
                site.broker.start()
            site.until_heard(30)
            site.revive()
            site.look()
        return site.account(effective, trials, recovery, None)
    finally:
        site.end()


def copy_store(store, to):
    for path in glob.glob(to + "*"):
        os.unlink(path)
    for companion in ("", "-wal", "-shm"):
        if os.path.exists(store + companion):
            shutil.copy(store + companion, to + companion)


def stores_set_back(chance, trials, lane):
    """An older copy of the store comes back, 1, 10 or 1000 rows old; the broker is there or away."""
    site, effective, recovery = Site(chance, sensors=1, rate=20), 0, []
    backup = os.path.join(site.directory, "backup.db")
    try:
        site.start()
        site.until_heard()
        for trial in range(trials):
            rows = (1, 10, 1000)[(trial + lane) % 3]
            is_away = (trial + lane // 3) % 2 == 1
            site.stop()
            site.look()
            copy_store(site.store, backup)
            before = site.newest_row()
            if is_away and rows > 1:
                site.broker.stop()
            site.world.say(f"rate dust-0 {200 if rows == 1000 else 20}")
            site.start()
            site.until(lambda: site.newest_row() >= before + rows, 30)
            site.world.say("rate dust-0 20")
            if rows > 1 and not is_away:
                site.until_heard()
            site.gateway.kill() if rows == 1 else site.stop()
            site.look_at_rows()
            effective += site.newest_row() >= before + rows
            copy_store(backup, site.store)
            if site.broker.process is None:
                site.broker.start()
            site.start()
            recovery.append(site.until_heard(30))
        return site.account(effective, trials, recovery, None)
    finally:
        site.end()


def edits(chance, trials, lane):
    """A sink with a backlog is taken out, closed or renamed by an edit, and put back."""
    site, effective, recovery = Site(chance, start_at="now"), 0, []
    try:
        site.start()
        site.until_heard()
        for trial in range(trials):
            way = ("taken out", "closed", "renamed", "taken out while off")[(trial + lane) % 4]
            site.broker.stop()
            pause(HOLD_S)
            before = site.query("SELECT sink, row FROM cursors")
            sink = dict(site.gateway.configuration["sinks"][0])
            if way == "closed":
                site.edit(lambda all: all["sinks"][0].update(allow=[]))
            elif way == "renamed":
                site.renamed.add(sink["id"])
                sink["id"] = f"broker-{trial}"
                site.edit(lambda all: all.update(sinks=[sink]))
            else:
                if way == "taken out while off":
                    site.stop()
                site.edit(lambda all: all.update(sinks=[]))
                if way == "taken out while off":
                    site.start()
                    site.until_sampled()
            site.until(lambda: site.gateway.log().count("configuration") or way == "taken out while off", 3)
            pause(1.2)
            effective += site.query("SELECT sink, row FROM cursors") != before
            site.edit(lambda all: all.update(sinks=[sink]))
            pause(1.2)
            site.broker.start()
            recovery.append(site.until_heard(40))
            site.revive()
        return site.account(effective, trials, recovery, None)
    finally:
        site.end()


STEPS = (("+1h", 3600), ("-1h", -3600), ("+10y", 315360000), ("-10y", -315360000), ("+2d", 172800))


def clock_steps(chance, trials, _):
    """UTC steps while it runs, or while it is off and the outbox is full."""
    site, effective, recovery = Site(chance, is_time_faked=True, clock_wait="1s"), 0, []
    try:
        site.start()
        site.until_heard()
        for trial in range(trials):
            offset, seconds = STEPS[trial % len(STEPS)]
            is_off = trial % 2 == 1
            if is_off:
                site.broker.stop()
                pause(1)
                site.stop()
            site.set_clock(offset)
            if is_off:
                site.start()
                site.until_sampled()
                pause(1.5)
                effective += True
                site.stop()
                site.set_clock("+0")
                site.broker.start()
                site.start()
            else:
                pause(1.5)
                site.until_heard()
                effective += abs(-site.state_age_s() - seconds) < 1800
                site.set_clock("+0")
            recovery.append(site.until_heard(30))
            site.revive()
        site.look()
        offered = sum(tally["offered"] + tally["unheard"] for tally in site.world.offered().values())
        claimed = sum(entry[0] for key, entry in site.kept_ledger.items() if key[1].startswith("sensor/"))
        if claimed > offered:
            site.tell(f"the ledger counts {claimed} samples as lost, of {offered} that there were")
        deleted = [key for key in site.kept_ledger if key[0] == "age"]
        if deleted:
            site.tell(f"samples were deleted for their age by a clock that was wrong: {deleted[0]}")
        return site.account(effective, trials, recovery, None)
    finally:
        site.end()


# kind -> what does it, lanes and trials of each in the short form and in the long one
KINDS = {"kill": (kills, 4, 25, 250), "full": (full_disks, 4, 5, 50), "eio": (broken_disks, 2, 5, 25),
         "stall": (stalls, 2, 5, 25), "lost": (lost_files, 4, 3, 25), "rollback": (stores_set_back, 4, 5, 50),
         "edit": (edits, 4, 5, 50), "clock": (clock_steps, 2, 10, 50)}
