# Completion of framebroker's command line, for bash-completion.
# shellcheck shell=bash disable=SC2034,SC2154

_framebroker() {
    local cur prev words cword split
    _init_completion -s || return

    case $prev in
        --config | --motion) _filedir json ;;
        --video) _filedir ;;
        # A colon separates words, so only the address is completed.
        --listen) mapfile -t COMPREPLY < <(compgen -W '127.0.0.1 0.0.0.0 [::1] [::]' -- "$cur") ;;
        --probe) ;;
        --log-format) mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$cur") ;;
        *)
            $split && return
            mapfile -t COMPREPLY < <(compgen -W "$("$1" --help | grep -o -e '--[a-z][a-z-]*' | sort -u)" -- "$cur")
            ;;
    esac
} &&
    complete -F _framebroker framebroker
