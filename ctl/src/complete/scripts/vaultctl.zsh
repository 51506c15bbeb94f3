#compdef vaultctl
# Completions of vaultctl for zsh. Names are asked of the daemon while you type; none stands in here.
_vaultctl() {
    local -a lines values shown
    local line
    lines=("${(@f)$(vaultctl __complete zsh "${(@)words[1,CURRENT-1]}" "$PREFIX" 2>/dev/null </dev/null)}")
    if [[ $lines[1] == files ]]; then
        _files
        return
    fi
    for line in "${(@)lines[2,-1]}"; do
        values+=("${line%%$'\t'*}")
        shown+=("${line/$'\t'/  }")
    done
    (( $#values )) && compadd -l -d shown -a -- values
}
if [[ $funcstack[1] == _vaultctl ]]; then
    _vaultctl "$@"
else
    compdef _vaultctl vaultctl
fi
