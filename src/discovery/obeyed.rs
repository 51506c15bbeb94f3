//! The variables that loaders, shells, interpreters and other common programs obey.

/// Returns whether programs run code, load files, or send what they send elsewhere, as a variable says.
///
/// The list has what the loaders of glibc (`sysdeps/generic/unsecvars.h`), macOS (dyld) ignore in set-user-id
/// programs, what sudo removes (`initial_badenv_table` in `plugins/sudoers/env.c`), the variables of POSIX.1 (XBD 8.3) and
/// of sh(1), bash(1) and zsh(1) that name commands, files or folders, and those of the manuals of Python, Perl, Ruby, Node.js,
/// npm, Java, PHP, Lua, Erlang, Go, Rust, Git, OpenSSL, curl, OpenSSH, `GnuPG`, less, make, Docker, Kubernetes and the AWS CLI
/// that do. It is for variables that are made up from a name: case does not count, and it may hold too many.
pub(super) fn is_obeyed(variable: &str) -> bool {
    let variable = variable.to_ascii_uppercase();
    NAMES.contains(&variable.as_str())
        || BEGINNINGS.iter().any(|beginning| variable.starts_with(beginning))
        || ENDS.iter().any(|end| variable.ends_with(end))
}

/// How families of them begin.
const BEGINNINGS: [&str; 25] = [
    "AGENTICMAIL_",
    "AWS_ENDPOINT_URL",
    "BASH_FUNC_",
    "BUNDLE_",
    "CARGO_",
    "COR_",
    "CORECLR_",
    "DOTNET_",
    "DYLD_",
    "GIT_",
    "JULIA_",
    "KRB5_",
    "LC_",
    "LDR_",
    "LD_",
    "LUA_",
    "MALLOC_",
    "NPM_CONFIG_",
    "PERL5",
    "PIP_",
    "PYTHON",
    "RUSTC_",
    "XDG_",
    "YARN_",
    "_RLD",
];

/// How families of them end.
const ENDS: [&str; 10] = [
    "_ASKPASS",
    "_CA_BUNDLE",
    "_EDITOR",
    "_OPTIONS",
    "_OPTS",
    "_PAGER",
    "_PRELOAD",
    "_PROXY",
    "_RC",
    "_TRACE",
];

/// Those of no family.
const NAMES: [&str; 122] = [
    "AUTHSTATE",
    "AWS_CONFIG_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_DEFAULT_PROFILE",
    "AWS_PROFILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "BASHOPTS",
    "BASH_ENV",
    "BASH_LOADABLES_PATH",
    "BROWSER",
    "CC",
    "CDPATH",
    "CLASSPATH",
    "CPATH",
    "CURL_HOME",
    "CXX",
    "DOCKER_CERT_PATH",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_HOST",
    "DOCKER_TLS_VERIFY",
    "EDITOR",
    "ELECTRON_RUN_AS_NODE",
    "ENV",
    "ERL_AFLAGS",
    "ERL_FLAGS",
    "ERL_LIBS",
    "ERL_ZFLAGS",
    "FCEDIT",
    "FIGNORE",
    "FPATH",
    "GCONV_PATH",
    "GEM_HOME",
    "GEM_PATH",
    "GETCONF_DIR",
    "GLIBC_TUNABLES",
    "GLOBIGNORE",
    "GNUPGHOME",
    "GOFLAGS",
    "GOPATH",
    "GOPROXY",
    "GOROOT",
    "GOTOOLCHAIN",
    "HISTFILE",
    "HOME",
    "HOSTALIASES",
    "IFS",
    "INPUTRC",
    "JAVA_HOME",
    "KUBECONFIG",
    "LANG",
    "LANGUAGE",
    "LDFLAGS",
    "LESSCLOSE",
    "LESSOPEN",
    "LIBPATH",
    "LIBRARY_PATH",
    "LOCALDOMAIN",
    "LOCPATH",
    "LOGNAME",
    "MAILPATH",
    "MAKEFILES",
    "MAKEFLAGS",
    "MANPAGER",
    "MANPATH",
    "MFLAGS",
    "MODULE_PATH",
    "NIS_PATH",
    "NLSPATH",
    "NODE_EXTRA_CA_CERTS",
    "NODE_PATH",
    "NODE_REPL_EXTERNAL_MODULE",
    "NODE_TLS_REJECT_UNAUTHORIZED",
    "NULLCMD",
    "OLDPWD",
    "OPENSSL_CONF",
    "OPENSSL_CONF_INCLUDE",
    "OPENSSL_ENGINES",
    "OPENSSL_MODULES",
    "PAGER",
    "PATH",
    "PATH_LOCALE",
    "PERLIO_DEBUG",
    "PERLLIB",
    "PHPRC",
    "PHP_INI_SCAN_DIR",
    "PROMPT_COMMAND",
    "PS0",
    "PS1",
    "PS2",
    "PS3",
    "PS4",
    "PWD",
    "READNULLCMD",
    "RESOLV_HOST_CONF",
    "RUBYLIB",
    "RUBYOPT",
    "RUBYSHELL",
    "RUSTFLAGS",
    "RUSTUP_TOOLCHAIN",
    "SHELL",
    "SHELLOPTS",
    "SHLIB_PATH",
    "SSH_AUTH_SOCK",
    "SSLKEYLOGFILE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TCLLIBPATH",
    "TERM",
    "TERMCAP",
    "TERMINFO",
    "TERMINFO_DIRS",
    "TERMPATH",
    "TMP",
    "TMPDIR",
    "TMPPREFIX",
    "TZ",
    "TZDIR",
    "USER",
    "VISUAL",
    "WGETRC",
    "ZDOTDIR",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_loaders_shells_and_interpreters_obey_is_known() {
        for variable in [
            "LD_PRELOAD",
            "DYLD_INSERT_LIBRARIES",
            "PATH",
            "IFS",
            "BASH_ENV",
            "ENV",
            "PROMPT_COMMAND",
            "PS4",
            "PYTHONSTARTUP",
            "NODE_OPTIONS",
            "PERL5OPT",
            "RUBYOPT",
            "JAVA_TOOL_OPTIONS",
            "_JAVA_OPTIONS",
            "GIT_SSH_COMMAND",
            "NPM_CONFIG_SCRIPT_SHELL",
            "npm_config_script_shell",
            "https_proxy",
            "AWS_CONFIG_FILE",
            "DOCKER_HOST",
            "GLIBC_TUNABLES",
            "AGENTICMAIL_VAULT_TOKEN",
        ] {
            assert!(is_obeyed(variable), "{variable}");
        }
    }

    #[test]
    fn a_programs_own_variable_is_not_among_them() {
        for variable in ["MINE_TOKEN", "DB_URL", "PATHWAY_KEY", "ENV_KEY", "PROXY_KEY", "MY_HOME"] {
            assert!(!is_obeyed(variable), "{variable}");
        }
    }
}
