rule placeholder_never { condition: false }
