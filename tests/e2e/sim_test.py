#!/usr/bin/env python3
"""The command `praetor sim`: the stories that are shipped, and one run."""

import pathlib

from node import check, contains, equal, main, run, test

STORIES = pathlib.Path(__file__).parent.parent / "sim" / "scripts"


@test("every story that is shipped ends well")
def _(binary):
    stories = sorted(STORIES.glob("*.sim"))
    check(len(stories) >= 10, f"only {len(stories)} stories")
    for one in stories:
        contains(run(binary, "sim", "--script", str(one), seconds=120).ok().out,
                 "passed", str(one))


@test("a story that does not hold ends with 1 and says why")
def _(binary, home):
    story = home / "wrong.sim"
    story.write_text("nodes 3\nwait leader 10s\nput a 1\nexpect get a = 2\n")
    done = run(binary, "sim", "--script", str(story), seconds=120)
    equal(done.code, 1, "exit code")
    contains(done.out + done.err, "line 4")


@test("the same seed is the same run, and it can be drawn")
def _(binary, home):
    picture = home / "run.svg"
    runs = [run(binary, "sim", "--seed", "3", "--seconds", "5", *more,
                seconds=120).ok().out
            for more in ([], [], ["--picture", str(picture)])]
    hashes = {line.split()[-1] for out in runs for line in out.splitlines()
              if "trace hash" in line}
    equal(len(hashes), 1, f"different runs: {runs}")
    contains(picture.read_text(), "<svg")


if __name__ == "__main__":
    main()
