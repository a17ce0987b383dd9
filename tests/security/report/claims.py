"""What is claimed of the fleet's security, and the tests that would fail if it were not so."""

from __future__ import annotations

from dataclasses import dataclass

_CONTAINERS = "tests/security/test_containers.py"
_ROLES = "tests/e2e/test_least_privilege.py"
_DEVICES = "tests/e2e/test_api.py"
_MESSAGES = "tests/e2e/test_messages_api.py"


@dataclass(frozen=True)
class Claim:
    """One claim.

    Attributes:
        chapter: Which part of the report it is in.
        text: The claim.
        tests: Files, or tests of a file (`file::test`), all of which must pass.
    """

    chapter: str
    text: str
    tests: tuple[str, ...]


def _of(file: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{file}::test_{name}" for name in names)


CLAIMS = (
    Claim(
        "Containers",
        "Every image runs as a numeric user, and what it starts with is Lambda's runtime client",
        _of(_CONTAINERS, "it_runs_as_a_numeric_user_without_a_shell"),
    ),
    Claim(
        "Containers",
        "No image holds a setuid file, an installer or a compiler",
        _of(_CONTAINERS, "it_holds_no_installer_compiler_or_setuid_file"),
    ),
    Claim(
        "Containers",
        "Every image starts with a read-only root, as any user, without a capability and without "
        "a way to new privileges, under the engine's default seccomp profile",
        _of(
            _CONTAINERS,
            "without_configuration_it_says_which_variables_are_missing",
            "it_initialises_read_only_as_any_user_without_capabilities",
            "the_engine_s_default_profile_is_in_force",
        ),
    ),
    Claim(
        "Secrets",
        "No layer, history or configuration of an image holds a secret, nor does a commit",
        (
            *_of(_CONTAINERS, "no_secret_is_in_its_history_environment_or_files"),
            "tests/security/test_secrets.py",
        ),
    ),
    Claim(
        "Secrets",
        "Reports and logs hide what has the shape of a secret",
        (
            "tests/unit/test_kit_logging.py",
            "tests/unit/test_report_redact.py",
            *_of("tests/unit/test_report_files.py", "no_file_has_a_secret"),
        ),
    ),
    Claim(
        "IAM",
        "Every function passes its sample events with the policy that it has, and fails one when "
        "any statement is taken out",
        _of(
            _ROLES,
            "every_event_passes_with_the_policy_as_it_is",
            "taking_any_one_statement_out_makes_something_fail",
            "a_function_runs_with_its_own_role_alone",
        ),
    ),
    Claim(
        "IAM",
        "No policy has a wildcard action, and a wildcard resource only with a reason",
        _of(
            _ROLES,
            "nothing_comes_from_a_managed_policy_or_a_wildcard",
            "no_other_role_has_a_wildcard_without_a_reason",
        ),
    ),
    Claim(
        "IAM",
        "The role that GitHub deploys with can release, and nothing beside it",
        ("tests/e2e/test_deploy_role.py",),
    ),
    Claim(
        "Network",
        "A function with a database reaches it and AWS's endpoints, and nothing else",
        ("tests/integration/test_network_reach.py",),
    ),
    Claim(
        "Network",
        "Web actions reach the hosts they are allowed and none inside, whatever a URL, a name or a "
        "redirect says",
        (
            "tests/security/test_messages_outbound.py",
            "tests/security/test_messages_ssrf_addresses.py",
            "tests/security/test_messages_ssrf_urls.py",
        ),
    ),
    Claim(
        "Authorisation",
        "Every closed route refuses who has no signature, a forged one, or a policy that does not "
        "name it",
        (
            *_of(
                _DEVICES,
                "no_route_is_open_but_those_that_may_be",
                "every_closed_route_refuses_an_unsigned_call",
                "a_caller_gets_the_routes_that_a_policy_names_and_no_other",
                "a_forged_signature_is_refused",
                "a_signature_is_good_for_what_was_signed",
                "web_pages_are_refused_unless_they_are_named",
            ),
            *_of(
                _MESSAGES,
                "the_page_and_health_are_open_and_nothing_else",
                "a_caller_gets_what_a_policy_names_and_no_more",
            ),
            *_of(
                "tests/e2e/test_mcp.py",
                "nobody_is_answered_without_a_signature",
                "nobody_is_answered_whose_policy_does_not_name_the_route",
                "a_path_trick_is_a_tool_error",
            ),
            "tests/e2e/test_api_settings.py",
        ),
    ),
    Claim(
        "Authorisation",
        "The gateway lets in a good token alone, and a client reaches its own functions by no "
        "spelling but their names",
        (
            "tests/e2e/test_gateway.py",
            "tests/unit/test_gateway_keys.py",
            "tests/unit/test_gateway_names.py",
            "tests/unit/test_gateway_tokens.py",
        ),
    ),
    Claim(
        "Delivery",
        "Nothing that people write into branches, commits and comments is run by a workflow, and "
        "every action is pinned",
        ("tests/security/test_workflow_injection.py", "tests/unit/test_github_request.py"),
    ),
)
