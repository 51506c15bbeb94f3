# Completions of vaultctl for fish. Names are asked of the daemon while you type; none stands in here.
function __vaultctl_complete
    set -l lines (vaultctl __complete fish (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token --cut-at-cursor) 2>/dev/null </dev/null)
    if test "$lines[1]" = files
        __fish_complete_path (commandline --current-token)
    else
        printf '%s\n' $lines[2..]
    end
end
complete --command vaultctl --no-files --arguments '(__vaultctl_complete)'
