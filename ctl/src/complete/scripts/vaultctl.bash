# Completions of vaultctl for bash. Names are asked of the daemon while you type; none stands in here.
_vaultctl() {
    local kind='' line
    COMPREPLY=()
    while IFS= read -r line; do
        if [ -z "$kind" ]; then kind=$line; else COMPREPLY+=("$line"); fi
    done < <(vaultctl __complete bash "$COMP_WORDBREAKS" "${COMP_LINE:0:$COMP_POINT}" 2>/dev/null </dev/null)
    if [ "$kind" = files ]; then
        compopt -o default 2>/dev/null
    fi
}
complete -F _vaultctl vaultctl
