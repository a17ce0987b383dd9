"""Whether the registry still has what runs, and what a rollback would go to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleet.release.validation.checks import Check, failed, passed, skipped

if TYPE_CHECKING:
    from function_kit.releases import Release

    from fleet.release.validation.subject import Sources, Subject

_DEFAULT_WINDOW = 10


def check(sources: Sources, subject: Subject) -> list[Check]:
    """The live image, and those of the releases that a rollback may go back to."""
    return [_live(sources, subject), _window(sources, subject)]


def _live(sources: Sources, subject: Subject) -> Check:
    name, digest = "images.live", subject.live.digest
    if not subject.is_released:
        return skipped(name, "it was never released")
    if not digest:
        return failed(
            name,
            f"version {subject.live.number} has its image by tag, so a rollback cannot name it",
            f"release it again: `fleet release --function {subject.function}`",
        )
    if not sources.registry.has_digest(subject.function, digest):
        return failed(
            name,
            f"{digest} is no longer in the registry: Lambda may need it to start the function",
            f"push it again from its commit: `make build push FN={subject.function} TAG=…`",
        )
    return passed(name, digest)


def _window(sources: Sources, subject: Subject) -> Check:
    name = "images.rollback-window"
    size = int(sources.outputs.get("registry", {}).get("rollback_window", _DEFAULT_WINDOW))
    window = within(subject.releases, size)
    if not window:
        return skipped(name, "it was never released")
    gone = [r for r in window if not sources.registry.has_digest(subject.function, r.digest)]
    if gone:
        shown = ", ".join(f"version {r.version} ({r.tag[:12] or r.digest})" for r in gone)
        return failed(
            name,
            f"the registry no longer has {shown}: a rollback there would be refused",
            "push it again from its commit, and raise registry.keep_images in "
            f"environments/{subject.environment.name}.tfvars",
        )
    return passed(name, f"the registry has all {len(window)} of the last {size} releases")


def within(releases: list[Release], size: int) -> list[Release]:
    """The newest good release of each image, newest first, at most so many.

    Args:
        releases: newest first.
        size: how many releases back a rollback may go.
    """
    newest: dict[str, Release] = {}
    for release in releases:
        if release.kind == "deploy" and release.state == "succeeded" and release.digest:
            newest.setdefault(release.digest, release)
    return list(newest.values())[:size]
